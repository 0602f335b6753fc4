# The gateway, from the lock files alone. BASE is any image with Python 3.11+ and its venv module.
ARG BASE=python:3.11-slim

FROM ${BASE} AS build
WORKDIR /build
COPY requirements.lock requirements-build.lock ./
# The tools stay behind in this stage: what ships has neither pip nor a compiler.
RUN python3 -m venv tools \
 && tools/bin/pip install --no-cache-dir --require-hashes -r requirements-build.lock \
 && python3 -m venv --without-pip /opt/proxy \
 && tools/bin/pip --python /opt/proxy/bin/python install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY proxy proxy
COPY sandbox sandbox
RUN tools/bin/hatchling build --target wheel --directory dist \
 && tools/bin/pip --python /opt/proxy/bin/python install --no-cache-dir --no-deps --no-index dist/*.whl

FROM ${BASE}
ENV PATH=/opt/proxy/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DECISION_PROXY__SERVER__HOST=0.0.0.0 \
    DECISION_PROXY__CACHE__SNAPSHOT=/data/snapshot \
    DECISION_PROXY__EVENTS__OUTBOX=/data/outbox.db
WORKDIR /app
COPY --from=build /opt/proxy /opt/proxy
COPY config.yaml ./
COPY rules rules
RUN decision-proxy check \
 && install -d -o 10001 -g 10001 /data
VOLUME /data
USER 10001:10001
EXPOSE 8080 8081
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s \
  CMD ["python3", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8081/readyz', timeout=2)"]
ENTRYPOINT ["decision-proxy", "serve", "--config", "/app/config.yaml"]
