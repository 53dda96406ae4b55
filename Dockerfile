# The server alone, without EasyOCR. Run it with an init (compose.yaml: `init: true`, or docker run --init):
# it starts worker processes, and process 1 must reap what is left of them.
FROM node:22-slim AS dashboard
WORKDIR /web/dashboard
COPY web/dashboard/package.json web/dashboard/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY web/client /web/client
COPY web/dashboard ./
RUN npm run build

FROM python:3.11-slim

WORKDIR /app
COPY requirements-core.txt .
RUN pip install --no-cache-dir --disable-pip-version-check -r requirements-core.txt
COPY app.py ./
COPY models models
COPY services services
COPY web web
COPY --from=dashboard /web/static/dashboard web/static/dashboard
COPY migrations migrations

RUN useradd --create-home taskbeam && install -d -o taskbeam /data
USER taskbeam
VOLUME /data
EXPOSE 5000
# Beyond loopback authentication is required: make a first key with `python app.py keys create`.
ENV TASKBEAM_HOST=0.0.0.0 TASKBEAM_DATA_DIR=/data PYTHONUNBUFFERED=1
HEALTHCHECK --start-period=20s CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:5000/healthz', timeout=3)"]
CMD ["python", "app.py", "serve"]
