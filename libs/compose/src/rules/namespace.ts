import { isOff, isOneOf, matches, type Rule, unless } from "../rule.ts";

const hint = "Use a namespace of the container's own, or service:<name> to share another service's.";

/** K1402: namespaces of the host, or of containers that are not the instance's. */
export const namespaceRules: readonly Rule[] = [
  {
    at: "services.*.network_mode",
    code: "K1402",
    refuse: unless(
      matches(/^(none|bridge|service:[\w.-]+)$/),
      "network_mode {value} is not the instance's own",
    ),
    hint: "Use networks, network_mode: none, or network_mode: service:<name>.",
  },
  {
    at: "services.*.pid",
    code: "K1402",
    refuse: unless(matches(/^service:[\w.-]+$/), "pid {value} shows the processes of others"),
    hint,
  },
  {
    at: "services.*.ipc",
    code: "K1402",
    refuse: unless(
      matches(/^(none|private|shareable|service:[\w.-]+)$/),
      "ipc {value} shares the memory of others",
    ),
    hint,
  },
  {
    at: "services.*.uts",
    code: "K1402",
    refuse: unless(isOff, "uts {value} shares the host's name"),
    hint: "Use hostname to name a container.",
  },
  {
    at: "services.*.userns_mode",
    code: "K1402",
    refuse: unless(isOff, "userns_mode {value} turns off the engine's user mapping"),
    hint,
  },
  {
    at: "services.*.cgroup",
    code: "K1402",
    refuse: unless(isOneOf("private"), "cgroup {value} shows the host's control groups"),
    hint,
  },
  {
    at: "services.*.volumes_from.*?",
    code: "K1402",
    refuse: unless(
      matches(/^(?!container:)[\w.-]+(:(ro|rw))?$/),
      "volumes_from {value} takes the volumes of a container that is not the instance's",
    ),
    hint: "Name a service of this package.",
  },
  {
    at: "services.*.external_links",
    code: "K1402",
    refuse: unless(isOff, "external_links reach containers that are not the instance's"),
    hint: "Join a shared network (external: true) and use the service's name there.",
  },
];
