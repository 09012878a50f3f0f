# Two images of one build: `docker build --target admin .` and `docker build --target gateway .`
# No secret is in either: they come as environment or as files (docs/deployment.md).
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --include=dev --include=optional --no-audit --no-fund
COPY . .
RUN npm run build -- image

# One file and its source map: no packages, no Next, no Prisma, no way to the database.
FROM ${NODE_IMAGE} AS gateway
ENV NODE_ENV=production HOST=0.0.0.0 GATEWAY_PORT=4000 DATA_DIR=/data
RUN install -d -o 1000 -g 1000 -m 0700 /data
WORKDIR /app
COPY --from=build /src/dist/image/gateway ./
USER 1000:1000
EXPOSE 4000
VOLUME /data
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "-e", "require('node:http').get({ port: process.env.GATEWAY_PORT, path: '/healthz' }, (answer) => process.exit(answer.statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
ENTRYPOINT ["node", "--enable-source-maps", "main.mjs"]

# The console, the management API and the migrations. It keeps everything in Postgres and writes nothing here.
FROM ${NODE_IMAGE} AS admin
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 NODE_OPTIONS=--max-old-space-size=1024
WORKDIR /app
COPY --from=build /src/dist/image/admin ./
USER 1000:1000
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
  CMD ["node", "-e", "require('node:http').get({ port: process.env.PORT, path: '/api/health' }, (answer) => process.exit(answer.statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
ENTRYPOINT ["node", "main.mjs"]
