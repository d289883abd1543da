import { type Rule, afterVariables, isOneOf, matches, unless } from "../rule.ts";

const hint = "Use a namespace of the container's own, or service:<name> to share another service's.";
const containerHint =
  "Name a service of this package by service:<name>, or with a grant a container of another instance by container:<name>.";
/** The name of a container or of a service; the engine takes an id as well, which would be anybody's. */
const sharedMode = String.raw`service:[\w.-]+|container:(?![0-9a-f]{12,64}$)[a-zA-Z0-9][\w.-]+`;

/** K1402: namespaces of containers that are not the instance's. Those of the host need a grant. */
export const namespaceRules: readonly Rule[] = [
  {
    at: "services.*.network_mode",
    code: "K1402",
    refuse: afterVariables(
      unless(
        matches(new RegExp(`^(?:none|bridge|host|${sharedMode})$`)),
        "network_mode {value} is neither the instance's own nor the host's",
      ),
    ),
    hint: `Use networks, network_mode: none, or network_mode: service:<name>. ${containerHint}`,
  },
  {
    at: "services.*.pid",
    code: "K1402",
    refuse: afterVariables(
      unless(matches(new RegExp(`^(?:host|${sharedMode})$`)), "pid {value} shows the processes of others"),
    ),
    hint: containerHint,
  },
  {
    at: "services.*.ipc",
    code: "K1402",
    refuse: afterVariables(
      unless(
        matches(new RegExp(`^(?:none|host|private|shareable|${sharedMode})$`)),
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
    at: "services.*.external_links.*?",
    code: "K1402",
    refuse: afterVariables(
      unless(
        matches(/^(?![0-9a-f]{12,64}(?::|$))[a-zA-Z0-9][\w.-]+(?::[\w.-]+)?$/),
        "external_links {value} is not the name of a container, or CONTAINER:ALIAS",
      ),
    ),
    hint: "Name a container of this environment; or join a shared network (external: true) and use the service's name there.",
  },
];
