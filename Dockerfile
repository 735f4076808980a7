# The image of the controller. `make image` assembles the same one without a
# Docker daemon; a test of that tool keeps the two alike.
#
#   docker buildx build --platform linux/amd64,linux/arm64 --build-arg VERSION=v1.2.3 .

# Any base without a user and entry point of its own, such as
# gcr.io/distroless/static. The server needs nothing of it: time zones are in
# the binary, and the only CA is that of the cluster.
ARG BASE=scratch

FROM --platform=$BUILDPLATFORM golang:1.26.8@sha256:6c2a5538f964f1c82f97ad14988bf05de100d922d159d0e398b54c7b0ca0c6c9 AS build
ARG TARGETOS
ARG TARGETARCH
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
# The version comes from git, which the Go command stamps into the binary.
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -tags nomsgpack -trimpath -ldflags "-s -w" -o /out/batch-job-controller ./cmd/batch-job-controller
RUN mkdir -p /out/etc /out/www \
    && echo 'nonroot:x:65532:65532:nonroot:/:/sbin/nologin' > /out/etc/passwd \
    && echo 'nonroot:x:65532:' > /out/etc/group

FROM ${BASE}
ARG VERSION=devel
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="batch-job-controller" \
      org.opencontainers.image.description="Runs one Job on every node on a schedule, and takes back what the pods report" \
      org.opencontainers.image.source="https://github.com/batch-job-controller/batch-job-controller" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
COPY --from=build --chown=0:0 --chmod=0444 /out/etc/passwd /out/etc/group /etc/
COPY --from=build --chown=65532:65532 --chmod=0755 /out/www /var/www
COPY --from=build --chown=0:0 --chmod=0555 /out/batch-job-controller /batch-job-controller
USER 65532:65532
EXPOSE 8080 8090 9152 9153
ENTRYPOINT ["/batch-job-controller"]
