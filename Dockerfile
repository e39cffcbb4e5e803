# One file in an empty image. `make image` builds it with docker, podman or buildah.
#   BASE: what it is built on: Debian 12. With the libc of Debian 13 curl does not build yet.   RUN_AS: UID:GID of the server, owner of /data.
ARG BASE=docker.io/library/debian:bookworm-slim

FROM ${BASE} AS build
ARG RUN_AS=65532:65532
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends make > /dev/null
WORKDIR /build
# The libraries first, in a layer of their own: our sources change more often.
COPY .ci/need .ci/need
COPY packaging/static/*.sh packaging/static/libraries.mk packaging/static/sources packaging/static/
RUN .ci/need static && packaging/static/fetch.sh build/static && make -j"$(nproc)" -f packaging/static/libraries.mk
COPY . .
RUN make static && mkdir -p /image/data && cp build/static/contactd build/static/contactd.cdx.json build/static/LICENSES /image/ \
    && chmod 0700 /image/data && chown "${RUN_AS}" /image/data

FROM scratch
ARG RUN_AS=65532:65532
COPY --from=build /image/ /
USER ${RUN_AS}
VOLUME /data
EXPOSE 3000
ENV CONTACTD_LISTEN=:3000 CONTACTD_DATABASE=/data/contactd.db
HEALTHCHECK --interval=10s --timeout=6s --start-period=5s --retries=3 CMD ["/contactd", "healthcheck"]
ENTRYPOINT ["/contactd"]
CMD ["serve"]
