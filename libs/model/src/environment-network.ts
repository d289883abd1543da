import * as z from "zod";

/** What options of macvlan and ipvlan may say. `passthru` would take the interface from the host. */
export const interfaceOptions = {
  // As the kernel permits it, with the number of a VLAN behind a point.
  parent: /^(?!\.)[\w.-]{1,15}$/,
  macvlan_mode: /^(?:bridge|private|vepa)$/,
  ipvlan_mode: /^(?:l2|l3|l3s)$/,
  ipvlan_flag: /^(?:bridge|private|vepa)$/,
} as const;

const NetworkFields = z.strictObject({
  driver: z
    .enum(["bridge", "macvlan", "ipvlan"])
    .optional()
    .describe("macvlan and ipvlan are at an interface of the host, and need a grant."),
  driver_opts: z
    .strictObject({
      parent: z.string().regex(interfaceOptions.parent, "must be an interface, such as eth0").optional(),
      macvlan_mode: z.string().regex(interfaceOptions.macvlan_mode).optional(),
      ipvlan_mode: z.string().regex(interfaceOptions.ipvlan_mode).optional(),
      ipvlan_flag: z.string().regex(interfaceOptions.ipvlan_flag).optional(),
    })
    .optional()
    .describe("The interface of the host (`parent`), and how it is shared."),
  internal: z.boolean().optional(),
  attachable: z.boolean().optional(),
  enable_ipv6: z.boolean().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  ipam: z
    .strictObject({
      config: z.array(
        z.strictObject({
          subnet: z.string().min(1),
          gateway: z.string().min(1).optional(),
          ip_range: z.string().min(1).optional(),
        }),
      ),
    })
    .optional(),
});

/** A network of the environment, which its instances join by `external: true`. */
export const EnvironmentNetwork = NetworkFields.refine(
  ({ driver = "bridge", driver_opts: options = {} }) =>
    driver === "bridge" ? Object.keys(options).length === 0 : options.parent !== undefined,
  "must name the interface of the host (driver_opts: { parent: eth0 }) with macvlan and ipvlan, and no driver_opts else",
);
export type EnvironmentNetwork = z.infer<typeof EnvironmentNetwork>;
