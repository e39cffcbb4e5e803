#!/bin/sh
# image.sh NAME: the Dockerfile's image under this name, with whichever of docker, podman and buildah works here.
# More for the builder stands in IMAGE_FLAGS, such as --build-arg BASE=...
set -eu
cd "$(dirname "$0")/.."
for tool in docker podman buildah; do
    command -v $tool > /dev/null 2>&1 && $tool info > /dev/null 2>&1 || continue
    echo "  IMAGE $1 by $tool"
    # shellcheck disable=SC2086
    case $tool in
    buildah) exec buildah build --format docker ${IMAGE_FLAGS-} -t "$1" . ;;
    *) exec $tool build ${IMAGE_FLAGS-} -t "$1" . ;;
    esac
done
echo "neither docker nor podman nor buildah works here (apt-get install buildah)" >&2
exit 1
