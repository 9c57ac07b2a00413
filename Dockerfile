# checkov:skip=CKV_DOCKER_2:a run ends by itself; who waits for it looks at its exit code
# One image for all runs: the flow run is process 1, so SIGTERM reaches it. The root may be read-only; /tmp is written.
FROM debian:bookworm-slim AS build
ARG UV_VERSION=0.13.9
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt
# The secret `authorities`, where there is one, holds certificate authorities to trust in this stage alone.
# hadolint ignore=DL3008
RUN --mount=type=secret,id=authorities,target=/run/authorities.crt \
    apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates openjdk-17-jre-headless python3-venv \
    && rm -rf /var/lib/apt/lists/* \
    && if [ -s /run/authorities.crt ]; then \
         csplit --quiet --elide-empty-files --prefix /usr/local/share/ca-certificates/extra- --suffix-format %d.crt \
           /run/authorities.crt '/-----BEGIN/' '{*}' && update-ca-certificates; fi \
    && python3 -m venv /opt/uv \
    && /opt/uv/bin/pip install --no-cache-dir "uv==${UV_VERSION}"
ENV UV_SYSTEM_CERTS=1 UV_NO_CACHE=1 UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 \
    UV_PYTHON=/usr/bin/python3 UV_PYTHON_DOWNLOADS=never
WORKDIR /opt/lakehouse
COPY pyproject.toml uv.lock README.md ./
RUN /opt/uv/bin/uv sync --frozen --no-default-groups --no-install-project
COPY lakehouse lakehouse
RUN LAKEHOUSE_JARS=/opt/lakehouse/jars .venv/bin/python -m lakehouse.jars && rm jars/ecj-*.jar
COPY . .
RUN /opt/uv/bin/uv sync --frozen --no-default-groups \
    && .venv/bin/python -m compileall -q cli deployments flows lakehouse tasks transforms \
    && rm -f .venv/.lock \
    && deployments/image/prune.sh .venv/lib/python3.11/site-packages/pyspark/jars

FROM debian:bookworm-slim
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates openjdk-17-jre-headless python3 \
    && apt-get clean && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 1000 --user-group --no-create-home --home-dir /tmp lakehouse
COPY --from=build /opt/lakehouse /opt/lakehouse
WORKDIR /opt/lakehouse
ENV PATH=/opt/lakehouse/.venv/bin:$PATH \
    HOME=/tmp \
    LAKEHOUSE_JARS=/opt/lakehouse/jars \
    PREFECT_HOME=/tmp/prefect \
    PREFECT_SERVER_ANALYTICS_ENABLED=false \
    PREFECT_LOGGING_EXTRA_LOGGERS=lakehouse \
    SPARK_LOCAL_IP=127.0.0.1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
# Classes as Java has them in memory: made by the Java and on the class path that will use them.
RUN python -m deployments.image.archive /opt/lakehouse/jars && rm -rf /tmp/*
ARG GIT_SHA=unknown
LABEL org.opencontainers.image.title="rental-lakehouse" \
      org.opencontainers.image.description="Runs the rental lakehouse's Prefect flows" \
      org.opencontainers.image.source="rental-lakehouse" \
      org.opencontainers.image.revision="${GIT_SHA}" \
      org.opencontainers.image.base.name="debian:bookworm-slim"
USER 1000:1000
RUN lakehouse check --image && rm -rf /tmp/*
VOLUME /tmp
CMD ["lakehouse", "--help"]
