# The action's image: docklet and its locked dependencies as byte code, and git. Runs as root,
# since the runner's mounted files belong to root or to a user that no image can know.
# hadolint global ignore=DL3008 # git and the authorities should be as new as Debian has them
ARG BASE=python:3.11-slim-bookworm
FROM ${BASE} AS build

COPY requirements/action.txt /tmp/requirements.txt
RUN python3 -m venv --without-pip /opt/docklet \
 && pip --python /opt/docklet/bin/python install --no-cache-dir --no-compile --only-binary :all: \
    --require-hashes --requirement /tmp/requirements.txt

# Nine tenths of pydo are docstrings of one generated module, and an asynchronous twin of it that
# is never imported. Without them the import takes 20 MB less memory, the image 80 MB less disk.
WORKDIR /opt/docklet/lib/python3.11/site-packages
RUN rm -r pydo/aio \
 && python3 -m compileall -q -b -o 2 --invalidation-mode unchecked-hash \
    pydo/operations/_operations.py \
 && rm pydo/operations/_operations.py

# Stamped times would be checked, and lost, on the way through layers: byte code is taken as it is.
COPY src/docklet docklet
RUN python3 -m compileall -q --invalidation-mode unchecked-hash . \
 && for step in action cleanup; do \
    printf '#!/opt/docklet/bin/python -Iu\nfrom docklet.entrypoints.%s import main\n\nmain()\n' \
    "$step" > "/opt/docklet/bin/docklet-$step" \
 && chmod +x "/opt/docklet/bin/docklet-$step"; done

FROM ${BASE}

# The official image comes without byte code of the standard library, which every start would pay.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates git git-lfs \
 && rm -rf /var/lib/apt/lists/* \
 && python3 -m compileall -q -x '/(test|idlelib|lib2to3|site-packages|dist-packages)/' \
    "$(python3 -c 'import os; print(os.path.dirname(os.__file__))')"
COPY --from=build /opt/docklet /opt/docklet

# Python is the first process of the container and hears the runner's signals itself.
ENTRYPOINT ["/opt/docklet/bin/docklet-action"]
