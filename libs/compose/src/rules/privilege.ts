import { isOff, matches, type Rule, unless } from "../rule.ts";

const hint = "Leave it out; run what needs rights on the host outside of the packages.";

/** K1401: rights that let a container act on the host. */
export const privilegeRules: readonly Rule[] = [
  {
    at: "services.*.privileged",
    code: "K1401",
    refuse: unless(isOff, "privileged gives the container every right on the host"),
    hint,
  },
  {
    at: "services.*.cap_add",
    code: "K1401",
    refuse: unless(isOff, "cap_add gives the container rights of the host's kernel"),
    hint,
  },
  {
    at: "services.*.security_opt.*?",
    code: "K1401",
    // An allow-list: profiles of seccomp, AppArmor and SELinux can each be loose, and only the host knows them.
    refuse: unless(
      matches(/^(no-new-privileges([:=]true)?|apparmor[:=]docker-default|seccomp[:=]builtin)$/),
      "security_opt {value} can loosen the container's confinement",
    ),
    hint: "Only no-new-privileges:true, apparmor:docker-default and seccomp:builtin are permitted.",
  },
  {
    at: "services.*.cgroup_parent",
    code: "K1401",
    refuse: unless(isOff, "cgroup_parent takes the container out of the engine's resource limits"),
    hint,
  },
  {
    at: "services.*.sysctls",
    code: "K1401",
    refuse: unless(isOff, "sysctls change kernel settings"),
    hint,
  },
  {
    at: "services.*.runtime",
    code: "K1401",
    refuse: unless(isOff, "runtime {value} is another program that the engine would run as root"),
    hint,
  },
  {
    at: "services.*.credential_spec",
    code: "K1401",
    refuse: unless(isOff, "credential_spec hands out credentials of the host"),
    hint,
  },
];
