import { type Rule, afterVariables, isOff, isOneOf, matches, unless } from "../rule.ts";

const hint = "Use a namespace of the container's own, or service:<name> to share another service's.";
const containerHint =
  "Name a service of this package by service:<name>: what shares a namespace is replaced together. Put both into one package.";

/** K1402: namespaces of containers that are not the instance's. Those of the host need a grant. */
export const namespaceRules: readonly Rule[] = [
  {
    at: "services.*.network_mode",
    code: "K1402",
    refuse: afterVariables(
      unless(
        matches(/^(none|bridge|host|service:[\w.-]+)$/),
        "network_mode {value} is neither the instance's own nor the host's",
      ),
    ),
    hint: `Use networks, network_mode: none, or network_mode: service:<name>. ${containerHint}`,
  },
  {
    at: "services.*.pid",
    code: "K1402",
    refuse: afterVariables(
      unless(matches(/^(host|service:[\w.-]+)$/), "pid {value} shows the processes of others"),
    ),
    hint: containerHint,
  },
  {
    at: "services.*.ipc",
    code: "K1402",
    refuse: afterVariables(
      unless(
        matches(/^(none|host|private|shareable|service:[\w.-]+)$/),
        "ipc {value} shares the memory of others",
      ),
    ),
    hint: containerHint,
  },
  ...["uts", "userns_mode"].map((key) => ({
    at: `services.*.${key}`,
    code: "K1402",
    refuse: afterVariables(unless(isOneOf("host"), `${key} {value} is not one that the engine knows`)),
    hint,
  })),
  {
    at: "services.*.cgroup",
    code: "K1402",
    refuse: afterVariables(
      unless(isOneOf("private", "host"), "cgroup {value} is not one that the engine knows"),
    ),
    hint,
  },
  {
    at: "services.*.volumes_from.*?",
    code: "K1402",
    refuse: afterVariables(
      unless(
        matches(/^(?!container:)[\w.-]+(:(ro|rw))?$/),
        "volumes_from {value} takes the volumes of a container that is not the instance's",
      ),
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
