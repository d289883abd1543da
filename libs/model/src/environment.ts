import * as z from "zod";

import { Grants } from "./grant.ts";
import { findReferenceFault } from "./image-reference.ts";
import { Name, namePattern } from "./name.ts";
import { ReleaseDigest, Version, VersionRange } from "./release.ts";

export const instanceStates = ["running", "installed", "staged", "absent", "released"] as const;
export type InstanceState = (typeof instanceStates)[number];

const releasePackage = `${namePattern.source.slice(0, -1)}/${namePattern.source.slice(1)}`;

/** A path from the top of the repository, in its shortest form. */
const localFolder = String.raw`(?!(?:[^/]*\/)*\.{0,2}(?:\/|$))[^\0\\]+`;

export const ReleasePackage = z
  .string()
  .regex(new RegExp(releasePackage), "must be <release>/<package>")
  .describe("A package of a release: <release>/<package>.");

/** A package of a release, or a folder of the state repository, which is deployed as it stands at the commit. */
export const PackageReference = z
  .string()
  .regex(
    new RegExp(`${releasePackage}|^\\.\\/${localFolder}$`),
    "must be <release>/<package>, or the path of a local package such as ./apps/wiki",
  )
  .describe("<release>/<package>, or the path of a local package from the top of the repository.");

export function isLocalReference(reference: string): boolean {
  return reference.startsWith("./");
}

/** `apps/wiki` of `./apps/wiki`. */
export function folderOfReference(reference: string): string {
  return reference.slice("./".length);
}

/** A Compose project, as Compose permits it. */
export const ProjectName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, "must be a-z, 0-9, _ and -, starting with a letter or digit");

const Placement = z
  .strictObject({ role: Name.optional(), node: Name.optional() })
  .refine(({ role, node }) => (role === undefined) !== (node === undefined), "must have either role or node");

export const Instance = z.strictObject({
  package: PackageReference,
  on: Placement.optional().describe("Where the instance runs; default is the package's role, or every node."),
  state: z
    .enum(instanceStates)
    .default("running")
    .describe(
      "running; installed: configured, not started; staged: files and images only; absent: removed; released: left running, and forgotten.",
    ),
  was: Name.optional().describe("The name under which its volumes were made: their data stays in use."),
  project: ProjectName.optional().describe("Its Compose project; default is <environment>-<instance>."),
  adopt: z
    .boolean()
    .optional()
    .describe(
      "Take over the containers, networks and volumes that its Compose project has on the node already.",
    ),
  profiles: z.array(z.string().min(1)).optional().describe("Profiles of its Compose file that are active."),
  settings: z
    .record(z.string(), z.json())
    .optional()
    .describe(
      "Its own layer above the environment's settings; of a local package without a schema, values of variables.",
    ),
  scale: z
    .record(z.string(), z.int().min(0).max(1000))
    .optional()
    .describe("How many containers a service has, by its key in the Compose file."),
});
export type Instance = z.infer<typeof Instance>;

/** Folders of the repository that are instances without being listed. */
export const Discovery = z.strictObject({
  path: z
    .string()
    .regex(
      new RegExp(String.raw`^(?!\/|.*\*\*)${localFolder}$`),
      "must be a path such as apps/*, with * and ? for parts of names",
    )
    .describe("A pattern of folders, such as apps/*: each is an instance of the folder's name."),
  except: z
    .array(z.string().min(1))
    .optional()
    .describe("Names of folders that are no instances, though the pattern fits them."),
  on: Placement.optional().describe("Where they run; default is the package's role, or every node."),
  project: z
    .enum(["instance", "folder"])
    .default("instance")
    .describe(
      "instance: projects are <environment>-<instance>; folder: they have the folder's name, as Compose gives it.",
    ),
});
export type Discovery = z.infer<typeof Discovery>;

/** A network of the environment, which its instances join by `external: true`. */
export const EnvironmentNetwork = z.strictObject({
  driver: z.enum(["bridge"]).optional(),
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
export type EnvironmentNetwork = z.infer<typeof EnvironmentNetwork>;

const ImageReference = z
  .string()
  .refine((text) => findReferenceFault(text) === null, "must be an image such as registry.example/wiki:1.4");

/** Values by release name; the schema of the release types them. */
export const SettingsByRelease = z.record(Name, z.record(z.string(), z.json()));
export type SettingsByRelease = z.infer<typeof SettingsByRelease>;

export const Policy = z.strictObject({
  requireDigests: z.boolean().optional().describe("Refuse releases whose images have no locked digests."),
  allowMassRemoval: z
    .boolean()
    .optional()
    .describe("Permit one revision to take away more than half of what a node runs."),
  partial: z
    .boolean()
    .optional()
    .describe("Apply the other instances where one has problems; default true where there are no releases."),
  allow: z
    .record(z.string().min(1), z.union([z.literal("all"), Grants]))
    .optional()
    .describe("What packages may reach: by <release>/<package>, by ./path, or * for all of them."),
});
export type Policy = z.infer<typeof Policy>;

/** `environments/<name>/environment.yaml` */
export const Environment = z.strictObject({
  name: Name,
  extends: Name.optional().describe("Another environment, merged under this one."),
  releases: z
    .record(Name, VersionRange)
    .default({})
    .describe("Releases and the versions of each that are wanted."),
  instances: z.record(Name, Instance).default({}).describe("Packages placed in the environment."),
  discover: z.array(Discovery).optional().describe("Folders of the repository that are instances."),
  images: z
    .record(z.string().min(1), ImageReference)
    .optional()
    .describe(
      "The published image of a service that is built elsewhere, by ./path/service or <release>/<package>/service.",
    ),
  networks: z
    .record(z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/), EnvironmentNetwork.nullable())
    .optional()
    .describe("Networks that instances share: made on each node that needs them, by exactly this name."),
  settings: SettingsByRelease.default({}).describe(
    "Values by release; the release's settings schema types them.",
  ),
  policy: Policy.default({}).describe("What the environment permits."),
});
export type Environment = z.infer<typeof Environment>;

/** Whether a node needs a lock to follow: it says nothing of local packages. */
export function needsLock({ releases, instances }: Pick<Environment, "releases" | "instances">): boolean {
  return (
    Object.keys(releases).length > 0 ||
    Object.values(instances).some((instance) => !isLocalReference(instance.package))
  );
}

/** `environments/<env>/lock.yaml`: the only thing an agent follows. */
export const Lock = z.strictObject({
  releases: z
    .record(
      Name,
      z.strictObject({
        version: Version,
        digest: ReleaseDigest.optional().describe(
          "The digest that the release's folder must have at the revision, as `keelson release digest` prints it.",
        ),
      }),
    )
    .describe("The exact version of every release of the environment."),
  instances: z
    .record(Name, z.strictObject({ package: ReleasePackage, version: Version }))
    .describe("The package of every instance of a release, with the version it has in the locked release."),
});
export type Lock = z.infer<typeof Lock>;
