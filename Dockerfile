# One image for every part of the lab: control plane, workloads, wire, attacker and the hop command.
# The base is an argument, so that a mirror or another distribution can stand in.
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS modules
WORKDIR /app
COPY package.json package-lock.json ./
# what development needs stays out, the pinned node included: the base image brings its own
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
 && find node_modules -type f \( -name '*.md' -o -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete \
 && find node_modules -type d \( -name test -o -name tests -o -name docs -o -name examples \) -prune -exec rm -rf {} +

FROM ${NODE_IMAGE} AS app
WORKDIR /app
COPY --from=modules /app/node_modules node_modules
COPY package.json hop ./
COPY topologies topologies
COPY pki pki
COPY services services
COPY lab lab
COPY export export
COPY scenarios scenarios
COPY labs labs
COPY cli cli
COPY containers containers
# made by whom it is for: Node keeps a cache per user
RUN mkdir -p -m 0700 /cache /var/lib/hop && chown 1000:1000 /cache /var/lib/hop
USER 1000:1000
RUN NODE_COMPILE_CACHE=/cache node containers/warm.js

FROM ${NODE_IMAGE}
ENV NODE_ENV=production \
    NODE_COMPILE_CACHE=/cache \
    HOP_TOPOLOGY=/app/topologies/shop.yaml \
    HOP_HEALTH_FILE=/tmp/hop-healthy
WORKDIR /app
COPY --from=app /app /app
COPY --from=app --chown=1000:1000 /cache /cache
COPY --from=app --chown=1000:1000 /var/lib/hop /var/lib/hop
RUN ln -s /app/hop /usr/local/bin/hop
USER 1000:1000
ENTRYPOINT ["node", "--max-semi-space-size=4", "services/main.ts"]
