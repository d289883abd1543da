import { isDeepStrictEqual } from "node:util";

import { findReached, hostReaches } from "@keelson/grants";
import { findOccurrences, isJsonObject, secretPlaceholder } from "@keelson/model";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";

import { gateCompose } from "./gate.ts";
import { gateRules } from "./gate-rules.ts";
import { findRefusals } from "./rule.ts";
import { sampleInput } from "./sample-input.ts";

interface Case {
  code: string;
  /** Path of the finding below the service, or in the document when it starts with `/`. */
  path: string;
  refused: string;
  /** The nearest text that is accepted. */
  accepted: string;
}

/** One line a case: what is refused, and its accepted twin. A document when it has a top-level key, else a service's keys. */
const cases: Case[] = [
  ...refuse("K1401", "privileged", [
    ["privileged: true", "privileged: false"],
    ['privileged: "true"', 'privileged: "false"'],
    ["privileged: yes", "privileged:"],
    ["privileged: 1", "privileged: ${TAG}"],
  ]),
  ...refuse("K1401", "cap_add.0", [
    ["cap_add: [NET_ADMIN]", "cap_drop: [NET_ADMIN]"],
    ["cap_add: [cap_net_admin]", "cap_add: [cap_net_raw]"],
    ["cap_add: [ALL]", "cap_add: [CHOWN, setuid, CAP_KILL]"],
    ["cap_add: ['CHOWN ']", "cap_add: ['${TAG}']"],
  ]),
  ...refuse("K1401", "security_opt.0", [
    ["security_opt: [seccomp:unconfined]", "security_opt: [seccomp:builtin]"],
    ["security_opt: [seccomp:./loose.json]", "security_opt: []"],
    ["security_opt: [apparmor:unconfined]", "security_opt: [apparmor:docker-default]"],
    ["security_opt: [apparmor=unconfined]", "security_opt: [apparmor=docker-default]"],
    ["security_opt: ['label:disable']", "security_opt: []"],
    ["security_opt: ['label:type:container_runtime_t']", "security_opt: []"],
    ["security_opt: ['no-new-privileges:false']", "security_opt: ['no-new-privileges:true']"],
    ["security_opt: [systempaths=unconfined]", "security_opt: [no-new-privileges]"],
    ["security_opt: ['no-new-privileges:TRUE']", "security_opt: [no-new-privileges=true]"],
    ["security_opt: [seccomp=/etc/loose.json]", "security_opt: ['${TAG}']"],
  ]),
  ...refuse("K1401", "cgroup_parent", [["cgroup_parent: /system.slice", "cgroup_parent:"]]),
  ...refuse("K1401", "sysctls.kernel.shmmax", [
    ["sysctls: {kernel.shmmax: 1}", "sysctls: {net.core.somaxconn: 1024}"],
  ]),
  ...refuse("K1401", "sysctls.net/../kernel/core_pattern", [
    ["sysctls: {net/../kernel/core_pattern: x}", "sysctls: {net.ipv4.ip_forward: 1}"],
  ]),
  ...refuse("K1401", "sysctls.0", [
    ["sysctls: [net..kernel=1]", "sysctls: [net.ipv4.conf.all.forwarding=1]"],
    ["sysctls: [kernel.msgmax=1]", "sysctls: ['${TAG}']"],
    [
      "sysctls: [net.core.somaxconn=1]\nnetwork_mode: service:app",
      "sysctls: [net.core.somaxconn=1]\nnetwork_mode: bridge",
    ],
  ]),
  ...refuse("K1401", "runtime", [["runtime: runsc", "runtime:"]]),
  ...refuse("K1401", "credential_spec", [["credential_spec: {file: spec.json}", "credential_spec:"]]),
  ...refuse("K1401", "oom_kill_disable", [
    ["oom_kill_disable: true", "oom_kill_disable: false"],
    ["oom_kill_disable: ${TAG}", "mem_limit: ${TAG}"],
  ]),
  ...refuse("K1401", "oom_score_adj", [
    ["oom_score_adj: -1", "oom_score_adj: 1000"],
    ["oom_score_adj: '-1000'", "oom_score_adj: ${TAG}"],
  ]),
  ...refuse("K1401", "ulimits.rtprio", [["ulimits: {rtprio: 99}", "ulimits: {memlock: -1}"]]),
  ...refuse("K1401", "ulimits.nice", [
    ["ulimits: {nice: {soft: 40, hard: 40}}", "ulimits: {nofile: {soft: 1024, hard: 4096}}"],
  ]),

  ...["RTPRIO", "Nice", "n\u0131ce", " rtprio", "rtprio2"].flatMap((limit) =>
    refuse("K1401", `ulimits.${limit}`, [[`ulimits: {'${limit}': 40}`, "ulimits: {NOFILE: 1024, Core: 0}"]]),
  ),

  ...refuse("K1401", "annotations.org.systemd.property.DevicePolicy", [
    ["annotations: {org.systemd.property.DevicePolicy: \"'auto'\"}", "annotations: {org.example.note: x}"],
  ]),
  ...refuse("K1401", "annotations.0", [
    ["annotations: [run.oci.handler=x]", "annotations: [team=a]"],
    ["annotations: ['${TAG}=x']", "annotations: ['team=${TAG}']"],
  ]),

  ...refuse("K3043", "restart", [
    ["restart: allways", "restart: always"],
    ["restart: Always", "restart: unless-stopped"],
    ["restart: 'yes'", "restart: 'no'"],
    ["restart: on-failure:many", "restart: on-failure:3"],
    ["restart: never", "restart: on-failure"],
    ["restart: unless_stopped", "restart: ${TAG}"],
  ]),
  ...refuse("K3043", "deploy.restart_policy.condition", [
    ["deploy: {restart_policy: {condition: allways}}", "deploy: {restart_policy: {condition: any}}"],
    ["deploy: {restart_policy: {condition: never}}", "deploy: {restart_policy: {condition: none}}"],
    ["deploy: {restart_policy: {condition: onfailure}}", "deploy: {restart_policy: {condition: on-failure}}"],
    [
      "deploy: {restart_policy: {condition: 'on-failure:3'}}",
      "deploy: {restart_policy: {condition: on-failure, max_attempts: 3}}",
    ],
  ]),

  ...refuse("K1429", "stop_grace_period", [
    ["stop_grace_period: 1000h", "stop_grace_period: 5m"],
    ["stop_grace_period: 24h1s", "stop_grace_period: 24h"],
    ["stop_grace_period: -1s", "stop_grace_period: 0s"],
    ["stop_grace_period: 2562047h", "stop_grace_period: 1h30m"],
    [`stop_grace_period: ${"1".repeat(100_000)}s`, "stop_grace_period: ${TAG}"],
  ]),
  ...refuse("K1429", "healthcheck.start_period", [
    ["healthcheck: {start_period: 100000h}", "healthcheck: {start_period: 10m}"],
  ]),
  ...refuse("K1429", "healthcheck.interval", [
    ["healthcheck: {interval: 25h}", "healthcheck: {interval: 1h}"],
    ["healthcheck: {interval: 1ns}", "healthcheck: {interval: 1ms, timeout: 0s}"],
  ]),
  ...refuse("K1429", "healthcheck.timeout", [["healthcheck: {timeout: 2d}", "healthcheck: {timeout: 2m}"]]),
  ...refuse("K1429", "healthcheck.start_interval", [
    ["healthcheck: {start_interval: 1000h}", "healthcheck: {start_interval: 5s}"],
  ]),
  ...refuse("K1429", "healthcheck", [
    ["healthcheck: {retries: 1000000}", "healthcheck: {retries: 100}"],
    ["healthcheck: {interval: 1s, timeout: 1s, retries: 43201}", "healthcheck: {interval: 1s, retries: 100}"],
    ["healthcheck: {interval: 10h, timeout: 10h}", "healthcheck: {interval: 3h, timeout: 1h}"],
    ["healthcheck: {start_period: 24h, retries: 1}", "healthcheck: {start_period: 23h, retries: 1}"],
  ]),

  ...refuse("K1402", "network_mode", [
    ["network_mode: host", "network_mode: none"],
    ["network_mode: container:other", "network_mode: service:app"],
    ["network_mode: container:0123456789ab", "network_mode: '${TAG}'"],
    ["network_mode: other_default", "network_mode: bridge"],
    ["network_mode: Host", "network_mode: ${TAG}"],
  ]),
  ...refuse("K1402", "pid", [
    ["pid: host", "pid: service:app"],
    ["pid: container:other", "pid:"],
    ["pid: container:a/b", "pid:"],
  ]),
  ...refuse("K1402", "ipc", [
    ["ipc: host", "ipc: shareable"],
    ["ipc: container:other", "ipc: service:app"],
    ["ipc: container:0123456789ab", "ipc: private"],
  ]),
  ...refuse("K1402", "uts", [
    ["uts: host", "hostname: host"],
    ["uts: container:x", "uts: ${TAG}"],
  ]),
  ...refuse("K1402", "userns_mode", [
    ["userns_mode: host", "userns_mode:"],
    ["userns_mode: keep-id", "userns_mode: ${TAG}"],
  ]),
  ...refuse("K1402", "cgroup", [
    ["cgroup: host", "cgroup: private"],
    ["cgroup: HOST", "cgroup: ${TAG}"],
  ]),
  ...refuse("K1402", "volumes_from.0", [
    ["volumes_from: [container:other]", "volumes_from: [app]"],
    ["volumes_from: ['container:other:ro']", "volumes_from: ['app:ro']"],
    ["volumes_from: ['app:rw:x']", "volumes_from: [container-of-ours, '${TAG}']"],
  ]),
  ...refuse("K1402", "external_links.0", [
    ["external_links: ['0123456789ab:db']", "external_links: [other-db-1:db]"],
    ["external_links: ['a/b']", "external_links: [other-db-1]"],
    ["external_links: ['a:b:c']", "links: [app:db]"],
  ]),

  ...refuse("K1403", "devices.0", [
    ["devices: [/dev/kvm]", "devices: []"],
    ["devices: ['/dev/../etc:/dev/x:r']", "devices: ['${TAG}']"],
    ["devices: [dev/kvm]", "devices:"],
    ["devices: ['nvidia.com/gpu=0']", "x-devices: ['nvidia.com/gpu=0']"],
    ["devices: ['vendor.com/net=eth0']", "devices: []"],
    ["devices: [{source: /dev/kvm, target: /x}]", "devices: [{source: '${TAG}', target: /x}]"],
  ]),
  ...refuse("K1403", "device_cgroup_rules.0", [
    ["device_cgroup_rules: ['c 1:3 mr']", "device_cgroup_rules: []"],
    ["device_cgroup_rules: ['c  1:3 mr']", "device_cgroup_rules: ['${TAG}']"],
    ["device_cgroup_rules: ['c 1:3 x']", "device_cgroup_rules:"],
  ]),
  ...refuse("K1403", "gpus", [["gpus: all", "gpus:"]]),
  ...refuse("K1403", "deploy.resources.reservations.devices", [
    [
      "deploy: {resources: {reservations: {devices: [{capabilities: [gpu]}]}}}",
      "deploy: {resources: {reservations: {memory: 64M}}}",
    ],
  ]),
  ...refuse("K1403", "deploy.resources.reservations.generic_resources", [
    [
      "deploy: {resources: {reservations: {generic_resources: [{discrete_resource_spec: {kind: gpu, value: 1}}]}}}",
      "deploy: {resources: {limits: {pids: 100}}}",
    ],
  ]),
  ...[
    "device_read_bps",
    "device_read_iops",
    "device_write_bps",
    "device_write_iops",
    "weight_device",
  ].flatMap((key) =>
    refuse("K1403", `blkio_config.${key}`, [
      [`blkio_config: {${key}: [{path: /dev/sda, rate: 1}]}`, "blkio_config: {weight: 300}"],
    ]),
  ),

  ...refuse("K1404", "volumes.0", [
    ["volumes: [/var/run/docker.sock:/var/run/docker.sock]", "volumes: [data:/var/run]"],
    ["volumes: ['/etc:/etc:ro']", "volumes: [/etc]"],
    ["volumes: ['./core/conf/../../../..:/x']", "volumes: ['./core/conf/.:/x']"],
    ["volumes: ['./core/conf/../conf:/x']", "volumes: ['./core/conf:/x']"],
    ["volumes: ['../core/conf:/x']", "volumes: ['.//core/conf/:/x']"],
    ["volumes: ['~/core/conf:/x']", "volumes: ['./core/conf:/x']"],
    ["volumes: ['./core/confx:/x']", "volumes: ['./core/conf:/x']"],
    ["volumes: ['./core/con:/x']", "volumes: ['./core:/x']"],
    ["volumes: ['./core/conf/core.ym:/x']", "volumes: ['./core/conf/core.yml:/x:ro']"],
    ["volumes: ['./Core/conf:/x']", "volumes: ['./core/conf:/x']"],
    ["volumes: ['.:/x']", "volumes: ['./core:/x']"],
    ["volumes: ['./core/1:/x']", "volumes: ['./core/${TAG}:/x']"],
    ["volumes: ['/etc/localtime:/etc/localtime']", "volumes: ['/etc/localtime:/etc/localtime:ro']"],
    ["volumes: ['/etc/localtime:/x:ro,rw']", "volumes: ['/etc//timezone/:/x:ro']"],
    ["volumes: ['/etc/localtime:/x:ro,Z']", "volumes: ['/etc/./localtime:/x:z,${TAG}']"],
    ["volumes: ['/etc/localtime/..:/x:ro']", "volumes: ['${TAG:-/etc}:/x']"],
    ["volumes: ['/proc/self/root:/x:ro']", "volumes: ['data:/x']"],
    ["volumes: ['/proc/1/root/etc/localtime:/x:ro']", "volumes: ['data:/x']"],
    ["volumes: ['/__keelson-path-media__/../x:/x']", "volumes: ['data:/x']"],
    ["volumes: ['/__keelson-path-media__:/x']", "volumes: ['data:/x']"],
    ["volumes: ['c:/x']", "volumes: ['cc:/x']"],
    ["volumes: ['.\\core:/x']", "volumes: ['./core:/x']"],
    ["volumes: ['./core/conf:/x:rshared']", "volumes: ['./core/conf:/x:rprivate']"],
    ["volumes: ['./core/conf:/x:ro,slave']", "volumes: ['./core/conf:/x:ro,z']"],
    [
      "volumes: [{type: bind, source: /etc, target: /x}]",
      "volumes: [{type: volume, source: data, target: /x}]",
    ],
    [
      "volumes: [{type: bind, source: core/confx, target: /x}]",
      "volumes: [{type: bind, source: core/conf, target: /x}]",
    ],
    ["volumes: [{type: bind, target: /x}]", "volumes: [{type: volume, target: /x}]"],
    [
      "volumes: [{type: bind, source: ./core/conf, target: /x, bind: {propagation: shared}}]",
      "volumes: [{type: bind, source: ./core/conf, target: /x, bind: {propagation: private}}]",
    ],
    ["volumes: [{type: npipe, source: core/conf, target: /x}]", "volumes: [{type: tmpfs, target: /x}]"],
    [
      "volumes: [{type: bind, source: /etc/localtime, target: /x, read_only: true, bind: {selinux: z}}]",
      "volumes: [{type: bind, source: /etc/localtime, target: /x, read_only: true}]",
    ],
    [
      "volumes: [{type: bind, source: /etc/localtime, target: /x, read_only: true, bind: {recursive: writable}}]",
      "volumes: [{type: '${TAG}', source: core/conf, target: /x}]",
    ],
    [
      "volumes: [{type: bind, source: /etc/localtime, target: /x, read_only: 'true'}]",
      "volumes: [{type: bind, source: '${TAG}', target: /x}]",
    ],
    ["volumes: [{type: image, source: busybox, target: /x}]", "tmpfs: /x"],
    ["volumes: [{type: cluster, source: c, target: /x}]", "tmpfs: [/x]"],
    ["volumes: [{type: npipe, source: 'n', target: /x}]", "volumes: []"],
    ["volumes: [{source: data, target: /x}]", "volumes: [{type: volume, source: data, target: /x}]"],
    [
      "volumes: [{type: volume, source: /etc, target: /x}]",
      "volumes: [{type: volume, source: etc, target: /x}]",
    ],
    [
      "volumes: [{type: volume, source: data, target: /x, volume: {subpath: ../etc}}]",
      "volumes: [{type: volume, source: data, target: /x, volume: {subpath: a..b/etc}}]",
    ],
    ["volumes: [7]", "volumes: ['/7']"],
  ]),
  ...refuse("K1404", "volumes.0", [
    ["volumes: ['../${TAG}:/x']", "volumes: ['core/conf:/x']"],
    ["volumes: [{type: bind, source: './a/${TAG}/../../..', target: /x}]", "volumes: []"],
  ]),
  ...refuse("K1404", "use_api_socket", [["use_api_socket: true", "use_api_socket: false"]]),
  ...refuse("K1430", "logging.driver", [
    ["logging: {driver: awslogs}", "logging: {driver: json-file}"],
    ["logging: {driver: gcplogs}", "logging: {driver: '${TAG}'}"],
    ["logging: {driver: splunk}", "logging: {driver: ''}"],
    ["logging: {driver: etwlogs}", "logging: {driver: }"],
    ["logging: {driver: 'grafana/loki-docker-driver:latest'}", "logging: {options: {max-size: 10m}}"],
    ["logging: {driver: JSON-FILE}", "logging: {}"],
    ["logging: {driver: constructor}", "logging:"],
    ["logging: {driver: constructor, options: {max-size: 1m}}", "logging: {driver: local, options: {}}"],
    ["logging: {driver: [syslog]}", "x-logging: {driver: [syslog]}"],
  ]),
  ...refuse("K1430", "logging", [
    ["logging: {driver: syslog}", "logging: {driver: journald}"],
    ["logging: {driver: fluentd}", "logging: {driver: none}"],
    [
      "logging: {driver: gelf, options: {gelf-address: 'udp://127.0.0.1:12201'}}",
      "logging: {driver: gelf, options: {gelf-address: '${TAG}'}}",
    ],
    [
      "logging: {driver: syslog, options: {syslog-address: 'unix:///var/run/docker.sock'}}",
      "logging: {driver: journald, options: {tag: '{{.Name}}/{{ .ID }}', labels: a, env: B}}",
    ],
    [
      "logging: {driver: local, options: {syslog-address: 'tcp://10.0.0.1:514'}}",
      "logging: {options: {mode: non-blocking}}",
    ],
    [
      "logging: {driver: syslog, options: {fluentd-address: '${TAG}'}}",
      "logging: {options: {syslog-address: 'tcp://10.0.0.1:514'}}",
    ],
  ]),
  ...refuse("K1430", "logging.options.syslog-tls-ca-cert", [
    [
      "logging: {driver: json-file, options: {syslog-tls-ca-cert: etc/ssl/key.pem}}",
      "logging: {driver: json-file, options: {max-size: 10m, max-file: '3', compress: 'true', labels-regex: a, env-regex: b}}",
    ],
  ]),
  ...refuse("K1430", "logging.options.splunk-url", [
    [
      "logging: {driver: '${TAG}', options: {splunk-url: '${TAG}'}}",
      "logging: {driver: '${TAG}', options: {max-size: '${TAG}'}}",
    ],
  ]),
  ...refuse("K1430", "logging.options.cache-disabled", [
    [
      "logging: {driver: local, options: {cache-disabled: 'true'}}",
      "logging: {driver: local, options: {max-size: 10m, mode: non-blocking, max-buffer-size: 4m}}",
    ],
  ]),
  ...refuse("K1430", "logging", [
    ["logging: {driver: local, options: {labels: a}}", "logging: {driver: journald, options: {labels: a}}"],
    [
      "logging: {driver: none, options: {max-size: 1m}}",
      "logging: {driver: json-file, options: {max-size: 1m}}",
    ],
  ]),
  ...refuse("K1430", "logging.options.constructor", [
    ["logging: {options: {constructor: x}}", "logging: {options: {tag: constructor}}"],
  ]),
  ...refuse("K1430", "logging.options.labels-regex", [
    [
      "logging: {options: {labels-regex: '((a{999}){999}){999}'}}",
      "logging: {options: {labels-regex: '^(app|db)[.].*$', env-regex: '^APP_'}}",
    ],
  ]),
  ...refuse("K1430", "logging.options.max-buffer-size", [
    [
      "logging: {options: {mode: non-blocking, max-buffer-size: 100g}}",
      "logging: {options: {mode: non-blocking, max-buffer-size: 64m}}",
    ],
    ["logging: {options: {max-buffer-size: 65m}}", "logging: {options: {max-buffer-size: 67108864}}"],
    ["logging: {options: {max-buffer-size: lots}}", "logging: {options: {max-buffer-size: '4 MB'}}"],
  ]),
  ...refuse("K1430", "logging.options.tag", [
    [
      `logging: {options: {tag: '{{pad "" 2000000000 0}}'}}`,
      "logging: {options: {tag: '{{.ImageName}}/{{.Name}}/{{.ID}}'}}",
    ],
    [
      "logging: {options: {tag: '{{range .ContainerEnv}}{{.}}{{end}}'}}",
      "logging: {options: {tag: '${TAG}'}}",
    ],
    [`logging: {options: {tag: '${"x".repeat(300)}'}}`, "logging: {options: {tag: ''}}"],
    ["logging: {options: {tag: '{{.ContainerEnv}}'}}", "logging: {options: {tag: 7}}"],
  ]),

  ...refuse("K1406", "provider", [["provider: {type: evil}", "provider:"]]),
  ...["post_start", "pre_stop", "pre_start"].flatMap((hook) =>
    refuse("K1406", hook, [[`${hook}: [{command: id}]`, "command: id"]]),
  ),
  ...refuse("K1406", "models", [["models: [llm]", "models: []"]]),
  ...refuse("K1406", "/models", [["models: {llm: {model: ai/x}}", "models: {}"]]),

  ...refuse("K1423", "environment.DB", [
    ["environment: {DB: '__keelson-secret:sample.db__'}", "environment: {DB: '__keelson-secret__'}"],
  ]),
  ...refuse("K1409", "environment.KEY", [
    ["environment: {KEY: }", "environment: {KEY: ''}"],
    ["environment: {KEY: null}", "environment: {KEY: 0}"],
  ]),
  ...refuse("K1409", "environment.0", [
    ["environment: [KEY]", "environment: [KEY=]"],
    ["environment: ['${TAG}']", "environment: ['KEY=${TAG}']"],
    ["environment: ['${TAG:-A=B}']", "environment: ['KEY=${TAG:-A=B}']"],
  ]),

  ...refuse("K1423", "environment.KEY", [
    [
      `environment: {KEY: "a:${secretPlaceholder("sample.admin")}"}`,
      "environment: {KEY: __keelson-secret__}",
    ],
  ]),

  ...refuse("K1410", "/volumes.data.driver", [
    ["volumes: {data: {driver: rclone}}", "volumes: {data: {driver: local}}"],
    ["volumes: {data: {driver: Local}}", "volumes: {data: {driver: '${TAG}'}}"],
    ["volumes: {data: {driver: 'a b'}}", "volumes: {data: {driver: ''}}"],
  ]),
  ...refuse("K1410", "/volumes.data.driver_opts", [
    ["volumes: {data: {driver_opts: {device: /etc}}}", "volumes: {data: {driver_opts: {size: 1g}}}"],
    ["volumes: {data: {driver_opts: {type: nfs}}}", "volumes: {data: {driver_opts: {}}}"],
    ["volumes: {data: {driver_opts: {o: bind}}}", "volumes: {data: {}}"],
    ["volumes: {data: {driver_opts: {type: none, o: bind, device: /etc}}}", "volumes: {data: }"],
    [
      "volumes: {data: {driver_opts: {type: tmpfs, o: 'size=1g,bind', device: /etc}}}",
      "volumes: {data: {driver_opts: {type: tmpfs, o: 'size=1g,noexec', device: tmpfs}}}",
    ],
    [
      "volumes: {data: {driver_opts: {type: overlay, o: 'lowerdir=/,upperdir=/a,workdir=/b', device: overlay}}}",
      "volumes: {data: {driver_opts: {type: '${TAG}', o: bind, device: /etc}}}",
    ],
    ["volumes: {data: {driver_opts: {type: ext4, device: /dev/sda1}}}", "volumes: {data: {}}"],
    ["volumes: {data: {driver_opts: {type: nfs, o: 'addr=nas', device: ':/x'}}}", "volumes: {data: {}}"],
    ["volumes: {data: {driver_opts: {type: nfs, o: 'addr=a,addr=b', device: ':/x'}}}", "volumes: {data: {}}"],
    [
      "volumes: {data: {driver_opts: {type: nfs, o: 'addr=a,remount', device: ':/x'}}}",
      "volumes: {data: {}}",
    ],
    ["volumes: {data: {driver_opts: {type: nfs, o: 'addr=a', device: ':/x/../y'}}}", "volumes: {data: {}}"],
    [
      "volumes: {data: {driver_opts: {type: cifs, o: 'unc=\\\\\\\\evil', device: //nas/x}}}",
      "volumes: {data: {}}",
    ],
    ...["//nas/x\\y", "//x\\y/music", "//nas/x/a\\..\\..\\y"].map((device): [string, string] => [
      `volumes: {data: {driver_opts: {type: cifs, o: 'addr=nas,guest', device: '${device}'}}}`,
      "volumes: {data: {}}",
    ]),
    ["volumes: {data: {driver_opts: {mountpoint: /etc}}}", "volumes: {data: {}}"],
  ]),
  ...refuse("K1410", "/volumes.data", [
    ["volumes: {data: {external: true}}", "volumes: {data: {external: false}}"],
    ["volumes: {data: {external: true, name: others}}", "volumes: {data: {external: true, name: '${TAG}'}}"],
    ["volumes: {data: {external: {name: others}}}", "volumes: {data: {external: '${TAG}'}}"],
  ]),

  ...refuse("K1412", "container_name", [
    ["container_name: 0123456789ab_app", "container_name: app_0123456789ab"],
    ["container_name: 0123456789ab_${TAG}", "container_name: app-${TAG}"],
    ["container_name: /name", "container_name: My.name_1-x"],
    ["container_name: a", "container_name: ab"],
    ["container_name: 'a b'", "container_name:"],
    ["container_name: -ab", "container_name: '${TAG}'"],
  ]),
  ...refuse("K1412", "/volumes.data", [
    ["volumes: {data: {name: 'a/b'}}", "volumes: {data: {name: My.data_1}}"],
    ["volumes: {data: {name: a}}", "volumes: {data: {name: '${TAG}'}}"],
    [`volumes: {data: {name: ${"a".repeat(64)}}}`, `volumes: {data: {name: ${"a".repeat(63)}}}`],
  ]),
  ...["secrets", "configs"].flatMap((kind) =>
    refuse("K1412", `/${kind}.data`, [
      [
        `${kind}: {data: {name: mine, file: core/secrets/admin}}`,
        `${kind}: {data: {file: core/secrets/admin}}`,
      ],
    ]),
  ),
  ...refuse("K1412", "labels.io.keelson.owner", [
    ["labels: {io.keelson.owner: x}", "labels: {io.keelsonish.owner: x}"],
    ["labels: {io.keelson.owner: }", "labels: {my.io.keelson.owner: }"],
  ]),
  ...refuse("K1412", "labels.0", [
    ["labels: [com.docker.compose.project=lab-db]", "labels: [com.docker.composer.project=lab-db]"],
    ["labels: ['${TAG}=x']", "labels: ['x=${TAG}']"],
  ]),
  ...refuse("K1412", "deploy.labels.io.keelson.owner", [
    ["deploy: {labels: {io.keelson.owner: x}}", "deploy: {labels: {owner: x}}"],
  ]),
  ...refuse("K1412", "volumes.0.volume.labels.io.keelson.owner", [
    [
      "volumes: [{type: volume, target: /x, volume: {labels: {io.keelson.owner: x}}}]",
      "volumes: [{type: volume, target: /x, volume: {labels: {owner: x}}}]",
    ],
  ]),
  ...["networks", "volumes"].flatMap((kind) =>
    refuse("K1412", `/${kind}.data.labels.io.keelson.owner`, [
      [`${kind}: {data: {labels: {io.keelson.owner: x}}}`, `${kind}: {data: {labels: {owner: x}}}`],
    ]),
  ),
  ...["secrets", "configs"].flatMap((kind) =>
    refuse("K1412", `/${kind}.data.labels.io.keelson.owner`, [
      [
        `${kind}: {data: {file: core/secrets/admin, labels: {io.keelson.owner: x}}}`,
        `${kind}: {data: {file: core/secrets/admin, labels: {owner: x}}}`,
      ],
    ]),
  ),

  ...["secrets", "configs"].flatMap((kind) =>
    refuse("K1413", `/${kind}.data`, [
      [`${kind}: {data: {environment: HOME}}`, `${kind}: {data: {file: ./core/secrets/admin}}`],
      [`${kind}: {data: {environment: NOBODY}}`, `${kind}: {data: {environment: TAG}}`],
      [`${kind}: {data: {external: true}}`, `${kind}: {data: {file: core/secrets/admin, external: false}}`],
      [`${kind}: {data: {driver: vault, file: core/secrets/admin}}`, `${kind}: {}`],
      [`${kind}: {data: {file: /etc/shadow}}`, `${kind}: {data: {file: core/secrets/admin}}`],
      [`${kind}: {data: {file: core/secrets}}`, `${kind}: {data: {file: core/secrets/admin}}`],
      [`${kind}: {data: {file: '\${TAG}'}}`, `${kind}: {data: {file: core/secrets/admin}}`],
      [`${kind}: {data: }`, `${kind}:`],
    ]),
  ),

  ...["secrets", "configs"].flatMap((kind) =>
    ["uid", "gid"].flatMap((id) =>
      refuse("K1413", `${kind}.0.${id}`, [
        [`${kind}: [{source: a, ${id}: app}]`, `${kind}: [{source: a, ${id}: "1000"}]`],
      ]),
    ),
  ),

  ...refuse("K1415", "/networks.back.driver", [
    ["networks: {back: {driver: host}}", "networks: {back: {driver: bridge}}"],
    ["networks: {back: {driver: overlay}}", "networks: {back: {internal: true}}"],
    ["networks: {back: {driver: 'a b'}}", "networks: {back: {driver: '${TAG}'}}"],
  ]),
  ...refuse("K1415", "/networks.back", [
    ["networks: {back: {driver: macvlan}}", "networks: {back: }"],
    [
      "networks: {back: {driver: ipvlan, driver_opts: {ipvlan_mode: l3}}}",
      "networks: {back: {driver: bridge}}",
    ],
    ["networks: {back: {driver: macvlan, driver_opts: {parent: eth0}}}", "networks: {back: {}}"],
    ["networks: {back: {driver: weave}}", "networks: {back: {driver: ''}}"],
  ]),
  ...refuse("K1415", "/networks.back.driver_opts.parent", [
    ["networks: {back: {driver_opts: {parent: eth0}}}", "networks: {back: {driver_opts: {}}}"],
    ["networks: {back: {driver: macvlan, driver_opts: {parent: ../eth0}}}", "networks: {back: }"],
  ]),
  ...refuse("K1415", "/networks.back.driver_opts.macvlan_mode", [
    [
      "networks: {back: {driver: macvlan, driver_opts: {parent: a, macvlan_mode: passthru}}}",
      "networks: {back: }",
    ],
    [
      "networks: {back: {driver: ipvlan, driver_opts: {parent: a, macvlan_mode: bridge}}}",
      "networks: {back: }",
    ],
  ]),
  ...refuse("K1415", "/networks.back.driver_opts.com.docker.network.bridge.name", [
    [
      "networks: {back: {driver_opts: {com.docker.network.bridge.name: br-lan}}}",
      "networks: {back: {driver_opts: {com.docker.network.driver.mtu: 1400}}}",
    ],
  ]),
  ...refuse("K1415", "/networks.back.ipam.driver", [
    ["networks: {back: {ipam: {driver: dhcp}}}", "networks: {back: {ipam: {driver: default}}}"],
  ]),
  ...refuse("K1415", "/networks.back.ipam.options", [
    [
      "networks: {back: {ipam: {options: {a: b}}}}",
      "networks: {back: {ipam: {config: [{subnet: 10.9.0.0/24}]}}}",
    ],
  ]),
  ...refuse("K1415", "/networks.back", [
    ["networks: {back: {external: true, name: host}}", "networks: {back: {external: true, name: hosts}}"],
    [
      "networks: {back: {external: true, name: 'container:x'}}",
      "networks: {back: {external: true, name: container-x}}",
    ],
    ["networks: {back: {external: {name: none}}}", "networks: {back: {external: {name: some}}}"],
    ["networks: {back: {external: true, name: 'a/b'}}", "networks: {back: {external: true, name: '${TAG}'}}"],
  ]),
  ...refuse("K1415", "/networks.back", [
    ["networks: {back: {name: host}}", "networks: {back: {name: My.net_1}}"],
    ["networks: {back: {name: 'container:x'}}", "networks: {back: {name: 'net-${TAG}'}}"],
    [`networks: {back: {name: ${"0a".repeat(32)}}}`, `networks: {back: {name: ${"0a".repeat(31)}b}}`],
    [
      `networks: {back: {external: true, name: ${"0a".repeat(32)}}}`,
      `networks: {back: {external: true, name: ${"0a".repeat(32)}0}}`,
    ],
  ]),
  ...refuse("K1415", "/networks.host", [["networks: {host: {external: true}}", "networks: {host: {}}"]]),
  ...refuse("K1415", "networks.back.driver_opts", [
    ["networks: {back: {driver_opts: {a: b}}}", "networks: {back: {aliases: [a]}}"],
  ]),

  ...refuse("K1431", "/networks.back.ipam.config.0.subnet", [
    ...[
      ["198.51.100.0/24", "10.191.7.0/24"],
      ["0.0.0.0/1", "10.191.0.0/16"],
      ["0.0.0.0/0", "172.16.0.0/16"],
      ["10.0.0.0/7", "172.31.255.0/30"],
      ["10.0.0.0/8", "192.168.0.0/16"],
      ["172.32.0.0/16", "192.168.255.252/30"],
      ["192.169.0.0/24", "${TAG}"],
      ["100.64.0.0/16", "${TAG}.0/24"],
      ["169.254.0.0/16", "fd00:1:2:3::/64"],
      ["127.0.0.0/16", "fd00:1:2::/48"],
      ["224.0.0.0/16", "FD00::/126"],
      ["10.1.2.0/31", "10.1.2.0/30"],
      ["10.1.2.3/24", "10.1.2.0/24"],
      ["10.1.2.0", "10.1.2.0/28"],
      ["10.1/16", "10.1.0.0/16"],
      ["010.1.2.0/24", "10.1.2.0/24"],
      ["10.1.2.0/024", "10.1.2.0/24"],
      ["10.1.2.0/255.255.255.0", "10.1.2.0/24"],
      ["2001:db8::/64", "fd12::/64"],
      ["::/0", "fd12::/64"],
      ["fd00::/8", "fd00::/48"],
      ["fe80::/64", "fdff::/64"],
      ["fd00::1/64", "fd00::/64"],
      ["::ffff:10.1.2.0/120", "fd00::/120"],
      ["::ffff:a01:200/120", "fd00::/120"],
      ["64:ff9b::/96", "fd00::/96"],
      ["fd00::%1/64", "fd00::/64"],
    ].map(([refused = "", accepted = ""]): [string, string] => [
      `networks: {back: {ipam: {config: [{subnet: '${refused}'}]}}}`,
      `networks: {back: {ipam: {config: [{subnet: '${accepted}'}]}}}`,
    ]),
    ["networks: {back: {ipam: {config: [{subnet: 7}]}}}", "networks: {back: {ipam: {config: [{subnet: }]}}}"],
  ]),
  ...refuse("K1431", "/networks.back.ipam.config.0.ip_range", [
    [
      "networks: {back: {ipam: {config: [{subnet: 10.191.7.0/24, ip_range: 198.51.100.0/28}]}}}",
      "networks: {back: {ipam: {config: [{subnet: 10.191.7.0/24, ip_range: 10.191.7.16/31}]}}}",
    ],
    [
      "networks: {back: {ipam: {config: [{ip_range: 10.191.7.1/28}]}}}",
      "networks: {back: {ipam: {config: [{ip_range: 10.191.7.0/28}]}}}",
    ],
  ]),
  ...refuse("K1431", "/networks.back.ipam.config.0.gateway", [
    [
      "networks: {back: {ipam: {config: [{subnet: 10.191.7.0/24, gateway: 198.51.100.1}]}}}",
      "networks: {back: {ipam: {config: [{subnet: 10.191.7.0/24, gateway: 10.191.7.1}]}}}",
    ],
    [
      "networks: {back: {ipam: {config: [{gateway: 10.191.7.01}]}}}",
      "networks: {back: {ipam: {config: [{gateway: '${TAG}'}]}}}",
    ],
    [
      "networks: {back: {ipam: {config: [{gateway: '::ffff:10.1.2.3'}]}}}",
      "networks: {back: {ipam: {config: [{gateway: 'fd00::3'}]}}}",
    ],
  ]),
  ...refuse("K1431", "/networks.back.ipam.config.0.aux_addresses.host", [
    [
      "networks: {back: {ipam: {config: [{aux_addresses: {host: 198.51.100.1}}]}}}",
      "networks: {back: {ipam: {config: [{aux_addresses: {host: 10.191.7.1}}]}}}",
    ],
    [
      "networks: {back: {ipam: {config: [{aux_addresses: {host: 10.191.7}}]}}}",
      "networks: {back: {ipam: {config: [{aux_addresses: {host: '${TAG}'}}]}}}",
    ],
  ]),
  ...refuse("K1431", "networks.back.ipv4_address", [
    ["networks: {back: {ipv4_address: 198.51.100.10}}", "networks: {back: {ipv4_address: 10.191.7.10}}"],
    ["networks: {back: {ipv4_address: 167837955}}", "networks: {back: {ipv4_address: '${TAG}'}}"],
  ]),
  ...refuse("K1431", "networks.back.ipv6_address", [
    ["networks: {back: {ipv6_address: '2001:db8::1'}}", "networks: {back: {ipv6_address: 'fd00::1'}}"],
    ["networks: {back: {ipv6_address: '::ffff:c633:640a'}}", "networks: {back: {ipv6_address: ''}}"],
    ["networks: {back: {ipv6_address: 'fd00::%1'}}", "networks: {back: {ipv6_address: 'fd00::1'}}"],
  ]),
  ...refuse("K1431", "networks.back.link_local_ips.0", [
    [
      "networks: {back: {link_local_ips: [198.51.100.10]}}",
      "networks: {back: {link_local_ips: [169.254.8.8, 'fe80::8']}}",
    ],
  ]),
  ...refuse("K1431", "/networks.back.driver_opts.com.docker.network.bridge.host_binding_ipv4", [
    [
      "networks: {back: {driver_opts: {com.docker.network.bridge.host_binding_ipv4: 0x7f.1}}}",
      "networks: {back: {driver_opts: {com.docker.network.bridge.host_binding_ipv4: 127.0.0.1}}}",
    ],
    [
      "networks: {back: {driver_opts: {com.docker.network.bridge.host_binding_ipv4: 224.0.0.1}}}",
      "networks: {back: {driver_opts: {com.docker.network.bridge.host_binding_ipv4: 203.0.113.7}}}",
    ],
  ]),
  ...refuse("K1431", "ports.0", [
    ["ports: ['127.1:80:80']", "ports: ['127.0.0.1:80:80/udp']"],
    ["ports: ['0177.0.0.1:80:80']", "ports: ['203.0.113.7:80:80']"],
    ["ports: ['[::ffff:127.0.0.1]:80:80']", "ports: ['[::1]:80:80']"],
    ["ports: ['239.0.0.1:80:80']", "ports: ['0.0.0.0:80:80']"],
    ["ports: ['localhost:80:80']", "ports: ['80:80', '80', 80, '8000-8010:80-90']"],
    ["ports: [{target: 80, host_ip: '::ffff:7f00:1'}]", "ports: [{target: 80, host_ip: '::'}]"],
    ["ports: [{target: 80, host_ip: 255.255.255.255}]", "ports: [{target: 80, host_ip: '${TAG}'}]"],
    ["ports: [{target: 80, host_ip: 'fe80::1%eth0'}]", "ports: [{target: 80, host_ip: 10.1.2.3}]"],
  ]),

  ...refuse("K1417", "pull_policy", [
    ["pull_policy: sometimes", "pull_policy: always"],
    ["pull_policy: every day", "pull_policy: every_12h"],
    ["pull_policy: Always", "pull_policy: ${TAG}"],
  ]),

  ...refuse("K1427", "image", [
    ["image: ../../127.0.0.1:19399/x", "image: 127.0.0.1:19399/x"],
    ["image: foo/../bar", "image: foo/bar"],
    ["image: --help", "image: help"],
    ["image: UPPER/x", "image: upper/x"],
    ['image: "a\\nb"', "image: a-b"],
    ["image: a$$b", "image: a${TAG}b"],
    ["image: x@sha256:short", `image: x@sha256:${"0".repeat(64)}`],
    [`image: ${"a".repeat(5_000)}`, `image: ${"a".repeat(255)}`],
    ["image: [app]", "image: '[::1]:5000/app'"],
  ]),

  ...refuse("K1414", "/extra", [["extra: {}", "x-extra: {}"]]),
  ...refuse("K1414", "from_the_future", [["from_the_future: true", "x-from_the_future: true"]]),
  ...refuse("K1414", "cpu_rt_runtime", [["cpu_rt_runtime: 95", "cpu_quota: 95"]]),
  ...refuse("K1414", "blkio_config.new", [["blkio_config: {new: 1}", "blkio_config: {weight: 10}"]]),
  ...refuse("K1414", "deploy.new", [["deploy: {new: 1}", "deploy: {replicas: 1}"]]),
  ...refuse("K1414", "deploy.resources.new", [
    ["deploy: {resources: {new: 1}}", "deploy: {resources: {limits: {cpus: 1}}}"],
  ]),
  ...refuse("K1414", "deploy.resources.limits.new", [
    ["deploy: {resources: {limits: {new: 1}}}", "deploy: {resources: {limits: {memory: 1g}}}"],
  ]),
  ...refuse("K1414", "deploy.resources.reservations.new", [
    ["deploy: {resources: {reservations: {new: 1}}}", "deploy: {resources: {reservations: {cpus: 1}}}"],
  ]),
  ...refuse("K1414", "env_file.0.new", [
    ["env_file: [{path: a.env, new: 1}]", "env_file: [{path: a.env, required: true, format: raw}]"],
  ]),
  ...refuse("K1414", "extends.new", [
    ["extends: {service: app, new: 1}", "x-extends: {service: app, new: 1}"],
  ]),
  ...refuse("K1414", "logging.new", [["logging: {new: 1}", "logging: {driver: none}"]]),
  ...refuse("K1414", "networks.back.new", [
    ["networks: {back: {new: 1}}", "networks: {back: {priority: 1}}"],
  ]),
  ...refuse("K1414", "volumes.0.new", [
    ["volumes: [{type: tmpfs, target: /x, new: 1}]", "volumes: [{type: tmpfs, target: /x, read_only: true}]"],
  ]),
  ...["bind", "volume", "tmpfs"].flatMap((type) =>
    refuse("K1414", `volumes.0.${type}.new`, [
      [
        `volumes: [{type: ${type}, source: core, target: /x, ${type}: {new: 1}}]`,
        `volumes: [{type: ${type}, source: core, target: /x, ${type}: {x-new: 1}}]`,
      ],
    ]),
  ),
  ...refuse("K1414", "/networks.back.new", [
    ["networks: {back: {new: 1}}", "networks: {back: {attachable: true}}"],
  ]),
  ...refuse("K1414", "/networks.back.ipam.new", [
    ["networks: {back: {ipam: {new: 1}}}", "networks: {back: {ipam: {}}}"],
  ]),
  ...refuse("K1414", "/networks.back.ipam.config.0.new", [
    [
      "networks: {back: {ipam: {config: [{new: 1}]}}}",
      "networks: {back: {ipam: {config: [{subnet: 10.9.0.0/24}]}}}",
    ],
  ]),
  ...refuse("K1414", "/volumes.data.new", [["volumes: {data: {new: 1}}", "volumes: {data: {x-new: 1}}"]]),
  ...["secrets", "configs"].flatMap((kind) =>
    refuse("K1414", `/${kind}.data.new`, [
      [
        `${kind}: {data: {file: core/secrets/admin, new: 1}}`,
        `${kind}: {data: {file: core/secrets/admin, x-new: 1}}`,
      ],
    ]),
  ),
];

describe("each line of the gate", () => {
  it.each(cases)("must refuse $refused ($code) and accept $accepted", ({ code, path, refused, accepted }) => {
    const fullPath = path.startsWith("/") ? path.slice(1) : `services.web.${path}`;
    const found = (fragment: string) =>
      gate(textOf(fragment, path)).map((problem) => [problem.code, problem.path]);
    expect(found(refused)).toContainEqual([code, fullPath]);
    expect(found(accepted)).toEqual([]);
  });

  const roots = cases.map(({ code, path, refused }) => ({ code, root: documentOf(textOf(refused, path)) }));

  it.each(gateRules)("must have a case that only the line $code at $at refuses", (rule) => {
    const others = gateRules.filter((other) => other !== rule);
    const proofs = roots.filter(({ code, root }) => {
      const count = (rules: typeof gateRules) =>
        findRefusals(rules, { root, context }).filter((finding) => finding.code === code).length;
      return count([rule]) > 0 && count(gateRules) > count(others);
    });
    expect(proofs).not.toEqual([]);
  });

  it.each(hostReaches)("must have a case that only a grant at $at would permit", ({ at, code }) => {
    const proofs = roots.filter(
      ({ code: expected, root }) =>
        expected === code &&
        findReached(root, context).some(({ path }) =>
          findOccurrences(at, root).some((found) => isDeepStrictEqual(found.path, path)),
        ),
    );
    expect(proofs).not.toEqual([]);
  });

  it("must say once what an anchor repeats", () => {
    const text = "x-a: &a {privileged: true, image: a}\nservices: {one: *a, two: {<<: *a}}";
    expect(gate(text).map(({ code, line, column }) => [code, line, column])).toEqual([["K1401", 1, 10]]);
  });
});

describe("a refusal", () => {
  it("must say where it is, what is wrong and what to do", () => {
    expect(gate("services:\n  web:\n    image: app\n    network_mode: host\n")).toEqual([
      {
        code: "K1402",
        file: "releases/sample/1.0.0/packages/core/compose.yaml",
        line: 4,
        column: 5,
        path: "services.web.network_mode",
        message: "network_mode host shares the host's network, and the environment does not grant that",
        hint: "To permit it, write in environment.yaml: policy: { allow: { sample/core: { namespaces: [network] } } }, and in agent.yaml of its nodes: allow: { namespaces: [network] }",
        sourceLine: "    network_mode: host",
      },
    ]);
  });

  it.each([
    ["imgae: app", "image"],
    ["enviroment: {A: b}", "environment"],
    ["portss: []", "ports"],
    ["ximage: app", "image"],
  ])("must suggest for %s the key that was meant", (fragment, meant) => {
    expect(gate(textOf(`${fragment}\nimage: app`, "")).map(({ message }) => message)).toEqual([
      expect.stringContaining(`did you mean ${meant}?`),
    ]);
  });
});

const context = {
  project: "lab-core",
  stage: "file",
  reach: "package",
  folder: "",
  variables: {},
  boundPaths: sampleInput({ files: {} }).boundPaths,
} as const;

function refuse(code: string, path: string, pairs: [refused: string, accepted: string][]): Case[] {
  return pairs.map(([refused, accepted]) => ({ code, path, refused, accepted }));
}

function gate(text: string) {
  return gateCompose(
    sampleInput({ files: { "compose.yaml": text, "a.env": "A=1\n" }, variables: { TAG: "1" } }),
  );
}

/** A fragment whose finding is at the top of the document is one; anything else belongs to the service `web`. */
function textOf(fragment: string, path: string): string {
  const app = "app: {image: app}";
  if (path.startsWith("/")) return `${fragment}\nservices: {${app}}\n`;
  const image = /^image:/m.test(fragment) ? "" : "    image: app\n";
  return `services:\n  ${app}\n  web:\n${image}${fragment.replace(/^/gm, "    ")}\n`;
}

function documentOf(text: string) {
  const root: unknown = parse(text);
  if (!isJsonObject(root)) throw new Error(`not a document: ${text}`);
  return root;
}
