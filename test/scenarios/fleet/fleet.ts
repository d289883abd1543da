/**
 * Compose folders as people have them at home and at work, with no change for Keelson but `environment.yaml` and the node
 * files. `UNIQUE` is unique to the run, `MACHINE` is a folder of the machine, `PORT1` and the like are free ports.
 */
export const folders = `
-- .env.global --
TZ=Europe/Zurich
PUID=1000
-- common/base.yaml --
services:
  quiet:
    image: IMAGES/tools:1
    restart: unless-stopped
    init: true
    stop_grace_period: 1s
    logging: { driver: json-file, options: { max-size: 10m, max-file: "3" } }
-- apps/proxy/compose.yaml --
name: edge
services:
  traefik:
    image: IMAGES/proxy:1
    container_name: UNIQUE-traefik
    restart: unless-stopped
    init: true
    stop_grace_period: 1s
    security_opt: ["no-new-privileges:true"]
    ports: ["127.0.0.1:PORT1:8080"]
    networks: [proxy]
    volumes:
      - /etc/localtime:/etc/localtime:ro
      - /var/run/docker.sock:/var/run/docker.sock:ro
      - ./dynamic:/etc/traefik/dynamic:ro
      - ./acme:/acme
    labels:
      - "traefik.enable=true"
networks:
  proxy: { external: true, name: UNIQUE-proxy }
-- apps/proxy/dynamic/middlewares.yml --
http:
  middlewares:
    secure: { headers: { stsSeconds: 31536000 } }
-- apps/proxy/dynamic/tls.yml --
tls: { options: { default: { minVersion: VersionTLS12 } } }
-- apps/proxy/acme/.gitkeep --
-- apps/wiki/compose.yaml --
services:
  app:
    image: IMAGES/wiki:1
    container_name: UNIQUE-wiki
    restart: unless-stopped
    init: true
    stop_grace_period: 1s
    depends_on: { db: { condition: service_started } }
    environment:
      DB_HOST: db
      DB_USER: \${DB_USER}
      DB_PASSWORD: \${DB_PASSWORD}
    networks: [default, proxy]
  db:
    image: IMAGES/postgres:16
    container_name: UNIQUE-wiki-db
    restart: unless-stopped
    init: true
    stop_grace_period: 1s
    environment:
      POSTGRES_USER: \${DB_USER}
      POSTGRES_PASSWORD: \${DB_PASSWORD}
    volumes: ["db:/var/lib/postgresql/data"]
volumes:
  db:
networks:
  proxy: { external: true, name: UNIQUE-proxy }
-- apps/wiki/.env --
DB_USER=wiki
# changed on every machine
DB_PASSWORD='only $ here'
-- apps/jellyfin/docker-compose.yml --
version: "3.8"
services:
  jellyfin:
    image: IMAGES/jellyfin:1
    container_name: UNIQUE-jellyfin
    user: "0:0"
    restart: unless-stopped
    init: true
    stop_grace_period: 1s
    devices: ["/dev/full:/dev/dri-stand-in"]
    group_add: ["44"]
    volumes:
      - ./config:/config
      - ./cache:/cache
      - type: bind
        source: MACHINE/media
        target: /media
        read_only: true
    extra_hosts: ["host.docker.internal:host-gateway"]
-- apps/jellyfin/config/encoding.xml --
<EncodingOptions><EnableThrottling>true</EnableThrottling></EncodingOptions>
-- apps/vpn/compose.yaml --
services:
  gluetun:
    image: IMAGES/vpn:1
    container_name: UNIQUE-gluetun
    restart: unless-stopped
    init: true
    stop_grace_period: 1s
    cap_add: [NET_ADMIN]
    devices: ["/dev/net/tun:/dev/net/tun"]
    sysctls: ["net.ipv4.conf.all.src_valid_mark=1"]
    ports: ["127.0.0.1:PORT2:8080"]
  torrent:
    image: IMAGES/torrent:1
    restart: unless-stopped
    init: true
    stop_grace_period: 1s
    network_mode: service:gluetun
    depends_on: [gluetun]
    environment: [PUID=1000, "PORT=8099"]
    volumes: ["./torrent:/config", "MACHINE/media:/downloads"]
-- apps/exporter/compose.yaml --
services:
  node-exporter:
    image: IMAGES/exporter:1
    restart: unless-stopped
    init: true
    stop_grace_period: 1s
    network_mode: host
    pid: host
    command: ["sleep", "1000000"]
    volumes: ["MACHINE/root:/host:ro"]
-- apps/dns/compose.yaml --
services:
  pihole:
    image: IMAGES/dns:1
    container_name: UNIQUE-pihole
    hostname: pihole
    restart: unless-stopped
    init: true
    stop_grace_period: 1s
    ports: ["127.0.0.1:PORT3:53/tcp", "127.0.0.1:PORT3:53/udp"]
    environment: { TZ: "\${TZ:-UTC}", FTLCONF_dns_upstreams: "9.9.9.9;149.112.112.112" }
    dns: [127.0.0.1, 9.9.9.9]
    cap_add: [NET_ADMIN, SYS_NICE]
    volumes: ["./etc-pihole:/etc/pihole", "./etc-dnsmasq.d:/etc/dnsmasq.d"]
-- apps/home-assistant/compose.yml --
services:
  homeassistant:
    image: IMAGES/home:1
    container_name: UNIQUE-home
    restart: unless-stopped
    init: true
    stop_grace_period: 1s
    network_mode: host
    command: ["sleep", "1000000"]
    volumes:
      - ./config:/config
      - /etc/localtime:/etc/localtime:ro
      - MACHINE/dbus:/run/dbus:ro
-- apps/home-assistant/config/configuration.yaml --
default_config:
automation: !include automations.yaml
-- apps/home-assistant/config/automations.yaml --
[]
-- apps/archive/compose.yaml --
services:
  db:
    image: IMAGES/postgres:16
    restart: unless-stopped
    init: true
    stop_grace_period: 1s
    shm_size: 128mb
    ulimits: { nofile: { soft: 1024, hard: 4096 } }
    volumes: ["data:/var/lib/postgresql/data", "backup:/backup", "old:/old"]
    healthcheck: { test: ["CMD", "true"], interval: 1s, retries: 5 }
volumes:
  data: { name: UNIQUE_archive-data }
  backup: { driver: local, driver_opts: { type: none, o: bind, device: MACHINE/backup } }
  old: { external: true, name: UNIQUE-old }
-- apps/runner/compose.yaml --
services:
  runner:
    image: IMAGES/runner:1
    restart: unless-stopped
    init: true
    stop_grace_period: 1s
    environment: { RUNNER_TOKEN: "\${RUNNER_TOKEN:?set it in .env}", DOCKER_HOST: "unix:///var/run/docker.sock" }
    volumes: ["/var/run/docker.sock:/var/run/docker.sock", "./data:/data"]
-- apps/runner/.env --
RUNNER_TOKEN=abc
-- apps/mail/docker-compose.yaml --
services:
  mailserver:
    image: IMAGES/mail:1
    container_name: UNIQUE-mail
    hostname: mail.example.com
    domainname: example.com
    env_file: mailserver.env
    ports:
      - "127.0.0.1:PORT4:25"
      - "127.0.0.1:PORT5:143"
      - { target: 465, published: "PORT6", host_ip: 127.0.0.1, protocol: tcp, mode: host }
    volumes:
      - ./docker-data/dms/mail-data/:/var/mail/
      - ./docker-data/dms/config/:/tmp/docker-mailserver/
      - /etc/localtime:/etc/localtime:ro
    restart: always
    init: true
    stop_grace_period: 1s
    cap_add: [NET_ADMIN, SYS_PTRACE]
    healthcheck: { test: "true", timeout: 3s, retries: 2, interval: 1s }
-- apps/mail/mailserver.env --
ENABLE_CLAMAV=0
SSL_TYPE=letsencrypt
POSTMASTER_ADDRESS=
-- apps/cloud/compose.yaml --
x-app: &app
  image: IMAGES/cloud:1
  restart: unless-stopped
  init: true
  stop_grace_period: 1s
x-database: &database { POSTGRES_DB: cloud, POSTGRES_USER: cloud }
services:
  app:
    <<: *app
    depends_on:
      db: { condition: service_healthy }
      redis: { condition: service_started, required: false }
    environment: { <<: *database, REDIS_HOST: redis, POSTGRES_PASSWORD: cloud }
    volumes: ["html:/var/www/html", "./config/opcache.ini:/usr/local/etc/php/conf.d/opcache.ini:ro"]
  cron:
    <<: *app
    entrypoint: ["sleep", "1000000"]
    volumes_from: [app]
  db:
    <<: *app
    image: IMAGES/postgres:16
    environment: { <<: *database, POSTGRES_PASSWORD: cloud }
    volumes: ["db:/var/lib/postgresql/data"]
    healthcheck: { test: ["CMD-SHELL", "true"], interval: 1s, timeout: 5s, retries: 5 }
  redis:
    <<: *app
    image: IMAGES/redis:7
    sysctls: { net.core.somaxconn: 511 }
    userns_mode: host
volumes: { html: , db: }
-- apps/cloud/config/opcache.ini --
opcache.enable=1
-- apps/photos/docker-compose.yml --
name: photos
# the image that .env asks for is IMAGES/photos:1
services:
  server:
    container_name: UNIQUE-photos
    image: IMAGES/photos:\${VERSION:-1}
    extends: { file: hwaccel.yml, service: cpu }
    volumes:
      - \${UPLOAD_LOCATION}:/data
      - /etc/localtime:/etc/localtime:ro
    env_file: [.env, ../../.env.global]
    restart: always
    init: true
    stop_grace_period: 1s
-- apps/photos/hwaccel.yml --
services:
  cpu: {}
  vaapi: { devices: ["/dev/dri:/dev/dri"] }
-- apps/photos/.env --
UPLOAD_LOCATION=./library
VERSION=1
DB_PASSWORD=postgres
-- apps/auth/compose.yaml --
services:
  authelia:
    image: IMAGES/auth:1
    restart: unless-stopped
    init: true
    stop_grace_period: 1s
    cap_drop: [ALL]
    cap_add: [CHOWN, SETUID, SETGID, NET_BIND_SERVICE]
    read_only: true
    tmpfs: ["/tmp:size=16m"]
    configs: [{ source: rules, target: /etc/rules.yml }]
    secrets: [{ source: jwt, target: /run/secrets/jwt }]
    volumes: ["./config.yml:/config/configuration.yml:ro"]
configs: { rules: { content: "default: deny\\n" } }
secrets: { jwt: { file: ./secrets/jwt } }
-- apps/auth/config.yml --
theme: dark
-- apps/auth/secrets/jwt --
not so secret
-- apps/metrics/compose.yaml --
services:
  prometheus:
    image: IMAGES/prometheus:1
    container_name: UNIQUE-prometheus
    user: "1000:1000"
    restart: unless-stopped
    init: true
    stop_grace_period: 1s
    annotations: { team: infra }
    volumes: ["./prometheus:/etc/prometheus:ro", "prometheus:/prometheus"]
  grafana:
    image: IMAGES/grafana:1
    restart: unless-stopped
    init: true
    stop_grace_period: 1s
    user: "0"
    volumes: ["./grafana:/var/lib/grafana"]
volumes: { prometheus: {} }
-- apps/metrics/prometheus/prometheus.yml --
scrape_configs: []
-- apps/metrics/prometheus/rules/node.yml --
groups: [ { name: node, rules: [] } ]
-- apps/metrics/grafana/grafana.ini --
[server]
http_port = 3000
-- apps/paperless/docker-compose.yml --
version: "3.4"
services:
  webserver:
    image: IMAGES/paperless:1
    restart: unless-stopped
    init: true
    stop_grace_period: 1s
    env_file: docker-compose.env
    volumes: ["data:/usr/src/paperless/data", "./export:/usr/src/paperless/export", "./consume:/usr/src/paperless/consume"]
volumes: { data: }
-- apps/paperless/docker-compose.env --
USERMAP_UID=1000
PAPERLESS_TIME_ZONE=Europe/Zurich
PAPERLESS_URL=https://paper.\${DOMAIN:-example.com}
-- apps/vault/compose.yaml --
services:
  vaultwarden:
    image: IMAGES/vault:1
    container_name: UNIQUE-vault
    restart: unless-stopped
    init: true
    stop_grace_period: 1s
    environment:
      ADMIN_TOKEN: \${ADMIN_TOKEN}
      SIGNUPS_ALLOWED: "false"
      TZ:
    volumes: ["./vw-data/:/data/"]
-- apps/vault/.env --
ADMIN_TOKEN='$argon2id$v=19$abc'
TZ=UTC
-- apps/git/compose.yaml --
networks: { gitea: { external: false } }
services:
  server:
    image: IMAGES/git:1
    container_name: UNIQUE-git
    environment: [USER_UID=1000, USER_GID=1000]
    restart: always
    init: true
    stop_grace_period: 1s
    networks: [gitea]
    volumes: ["./gitea:/data", "/etc/timezone:/etc/timezone:ro", "/etc/localtime:/etc/localtime:ro"]
    ports: ["127.0.0.1:PORT7:3000"]
-- apps/game/compose.yaml --
services:
  mc:
    image: IMAGES/game:1
    tty: true
    stdin_open: true
    init: true
    stop_grace_period: 1s
    ports: ["127.0.0.1:PORT8:25565"]
    environment: { EULA: "TRUE" }
    volumes: ["./data:/data"]
    pull_policy: daily
    restart: unless-stopped
-- apps/site/compose.yaml --
services:
  web:
    build: .
    restart: unless-stopped
    init: true
    stop_grace_period: 1s
-- apps/site/Dockerfile --
FROM scratch
-- apps/mqtt/compose.yaml --
services:
  mosquitto:
    image: IMAGES/mqtt:1
    restart: unless-stopped
    init: true
    stop_grace_period: 1s
    volumes:
      - ./config/mosquitto.conf:/mosquitto/config/mosquitto.conf
      - ./data:/mosquitto/data
      - ./log:/mosquitto/log
-- apps/mqtt/config/mosquitto.conf --
listener 1883
persistence true
-- apps/unifi/compose.yaml --
services:
  db:
    image: IMAGES/mongo:1
    restart: unless-stopped
    init: true
    stop_grace_period: 1s
    volumes: ["db:/data/db", "./init-mongo.sh:/docker-entrypoint-initdb.d/init-mongo.sh:ro"]
volumes: { db: }
-- apps/unifi/init-mongo.sh --
#!/bin/sh
echo "db.createUser({})" | cat
-- apps/logs/compose.yaml --
services:
  app:
    image: IMAGES/logs:1
    restart: unless-stopped
    init: true
    stop_grace_period: 1s
    logging: { driver: syslog, options: { syslog-address: "udp://\${LOG_HOST:-127.0.0.1}:PORT9", tag: "{{.Name}}" } }
-- apps/tools/compose.yaml --
services:
  always:
    image: IMAGES/tools:1
    restart: unless-stopped
    init: true
    stop_grace_period: 1s
  extra:
    image: IMAGES/tools:1
    profiles: [extra]
    restart: unless-stopped
    init: true
    stop_grace_period: 1s
  debug:
    image: IMAGES/tools:1
    profiles: [debug]
-- apps/tools/.env --
COMPOSE_PROFILES=extra
COMPOSE_PROJECT_NAME=tools
-- apps/bots/compose.yaml --
include: [../../common/base.yaml]
services:
  bot:
    extends: { file: ../../common/base.yaml, service: quiet }
    image: IMAGES/bot:1
    env_file: [../../.env.global, bot.env]
    deploy: { replicas: 2, resources: { limits: { memory: 64M } } }
-- apps/bots/bot.env --
GREETING=hello \${TZ}
-- apps/old/docker-compose.yml --
version: "2.4"
services:
  app:
    image: IMAGES/old:1
    restart: always
    init: true
    stop_grace_period: 1s
    links: [cache]
    expose: ["8080"]
    mem_limit: 64m
    security_opt: ["apparmor:unconfined"]
  cache:
    image: IMAGES/redis:7
    restart: always
    init: true
    stop_grace_period: 1s
-- apps/nets/compose.yaml --
networks:
  shared: { name: UNIQUE-shared, driver: bridge }
-- apps/joined/compose.yaml --
services:
  app:
    image: IMAGES/joined:1
    restart: unless-stopped
    init: true
    stop_grace_period: 1s
    networks: [shared, byhand]
networks:
  shared: { external: true, name: UNIQUE-shared }
  byhand: { external: true, name: UNIQUE-byhand }
-- apps/Llama_CPP/compose.yaml --
services:
  llm:
    image: IMAGES/llm:1
    restart: unless-stopped
    runtime: nvidia
    ipc: host
    privileged: true
    volumes: ["/:/rootfs:ro,rslave"]
    deploy: { resources: { reservations: { devices: [ { driver: nvidia, count: all, capabilities: [gpu] } ] } } }
-- apps/nfs/compose.yaml --
services:
  app: { image: IMAGES/app:1, restart: unless-stopped, volumes: ["share:/data"] }
volumes:
  share: { driver: local, driver_opts: { type: nfs, o: "addr=192.0.2.5,rw,nfsvers=4", device: ":/export" } }
`;

/** What has to be added: nothing of the folders is changed. */
export const environment = `
-- environments/UNIQUE/environment.yaml --
name: UNIQUE
discover:
  - { path: "apps/*", on: { node: box } }
instances:
  llama: { package: ./apps/Llama_CPP, on: { node: gpu-box } }
  nfs: { package: ./apps/nfs, on: { node: gpu-box } }
networks:
  UNIQUE-proxy: { driver: bridge }
images: { ./apps/site/web: "IMAGES/site:1" }
policy:
  allow:
    ./apps/proxy: { engineSocket: true }
    ./apps/jellyfin: { devices: [/dev/full], paths: [media] }
    ./apps/vpn: { capabilities: [NET_ADMIN], devices: [/dev/net/tun], paths: [MACHINE/media] }
    ./apps/exporter: { namespaces: [network, pid], paths: [root] }
    ./apps/dns: { capabilities: [NET_ADMIN, SYS_NICE] }
    ./apps/home-assistant: { namespaces: [network], paths: [MACHINE/dbus] }
    ./apps/archive: { paths: [MACHINE/backup], volumes: [UNIQUE-old] }
    ./apps/runner: { engineSocket: true }
    ./apps/mail: { capabilities: [NET_ADMIN, SYS_PTRACE] }
    ./apps/cloud: { namespaces: [user] }
    ./apps/logs: { loggingAddresses: ["udp://127.0.0.1:PORT9"] }
    ./apps/old: { securityOptions: ["apparmor=unconfined"] }
    ./apps/joined: { networks: [UNIQUE-byhand] }
    ./apps/Llama_CPP: { runtimes: [nvidia], gpus: true, namespaces: [ipc], privileged: true, paths: [/], engineSocket: true }
    ./apps/nfs: { mounts: ["nfs://192.0.2.5/export"] }
-- environments/UNIQUE/nodes/box.yaml --
name: box
-- environments/UNIQUE/nodes/gpu-box.yaml --
name: gpu-box
`;

/** What the node permits: just what the environment asks for. */
export const allow = `
paths:
  media: { path: MACHINE/media }
  root: { path: MACHINE/root, readOnly: true }
  dbus: { path: MACHINE/dbus, readOnly: true }
  backup: { path: MACHINE/backup }
engineSocket: true
capabilities: [NET_ADMIN, SYS_NICE, SYS_PTRACE]
devices: [/dev/full, /dev/net/tun]
namespaces: [network, pid, user]
volumes: [UNIQUE-old]
networks: [UNIQUE-byhand]
securityOptions: ["apparmor=unconfined"]
loggingAddresses: ["udp://127.0.0.1:PORT9"]
`;
