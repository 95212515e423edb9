# The server as an image. All dependencies are wheels, so nothing is compiled; pip is not in the image all the same.
#
#     docker build -t bussa .
#     docker run -p 8080:8080 -v bussa-data:/data bussa      one process with its embedded store

FROM python:3.13-slim AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv --without-pip /opt/bussa
WORKDIR /opt/bussa/source
COPY pyproject.toml README.md LICENSE ./
COPY requirements ./requirements
COPY protocol ./protocol
COPY server ./server
COPY client ./client
COPY load ./load
COPY web ./web
# The tested versions, checked against their hashes; then Bussa, built from the sources.
RUN pip --python /opt/bussa/bin/python install --only-binary=:all: --require-hashes --requirement requirements/run.txt \
    && pip --python /opt/bussa/bin/python install --no-deps --no-build-isolation . \
    && rm -rf /opt/bussa/source


FROM python:3.13-slim

# A fixed uid, so that the owner of a volume can be set where there is no /etc/passwd.
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin bussa \
    && install --directory --owner=bussa --mode=0700 /data
COPY --from=build /opt/bussa /opt/bussa

ENV PATH=/opt/bussa/bin:$PATH BUSSA_DATA=/data
USER bussa
WORKDIR /data
VOLUME /data
EXPOSE 8080

# /readyz is 503 while the server drains or its database is unavailable. By Python, because the image has no curl.
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "import http.client, os, sys; c = http.client.HTTPConnection('127.0.0.1', int(os.environ.get('BUSSA_PORT', 8080)), timeout=2); c.request('GET', '/readyz'); sys.exit(c.getresponse().status != 200)"]

ENTRYPOINT ["bussa"]
CMD ["serve", "--host", "0.0.0.0"]
