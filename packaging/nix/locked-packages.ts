import { parse } from "yaml";

/** What packages.json has of pnpm-lock.yaml: the npm packages that the bundles are made of and with. */
export interface LockedPackages {
  packages: LockedPackage[];
  /** By the folder of each workspace package, `.` for the checkout: what lies in its node_modules. */
  importers: Record<string, Record<string, string>>;
}

export interface LockedPackage {
  name: string;
  version: string;
  /** Of the archive that a registry has, as `sha512-…`. */
  hash: string;
  /** The one kind of processor it is for, in Node's words; any unless told. */
  cpu?: string;
  /** Versions by name. Those that are not among the packages are for other systems. */
  dependencies: Record<string, string>;
}

interface Lock {
  importers: Record<string, Record<string, Record<string, { version: string }> | undefined>>;
  packages: Record<string, { resolution: { integrity: string }; os?: string[]; cpu?: string[] }>;
  snapshots: Record<string, Record<string, Record<string, string> | undefined>>;
}

/**
 * Reads from the text of pnpm-lock.yaml which packages a build needs: what apps and rooms depend on, but types, and
 * esbuild. Throws for a package with peers, because pnpm gives those folders of another form.
 */
export function findLockedPackages(lockText: string): LockedPackages {
  const lock: Lock = parse(lockText);
  const importers = Object.fromEntries(
    Object.entries(lock.importers)
      .filter(([folder]) => folder !== "test")
      .map(([folder, { dependencies = {}, devDependencies = {} }]) => {
        const needed = folder === "." ? { esbuild: devDependencies["esbuild"] } : dependencies;
        const versions = Object.entries(needed).map(([name, entry]) => [name, entry?.version ?? ""] as const);
        return [folder, withoutTypes(Object.fromEntries(versions))];
      }),
  );
  const found = new Map<string, LockedPackage>();
  const visit = (dependencies: Record<string, string>) => {
    for (const [name, version] of Object.entries(dependencies)) {
      const key = `${name}@${version}`;
      if (version.startsWith("link:") || found.has(key)) continue;
      const locked = readPackage(lock, { name, version });
      if (locked === null) continue;
      found.set(key, locked);
      visit(locked.dependencies);
    }
  };
  for (const dependencies of Object.values(importers)) visit(dependencies);
  const packages = [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, locked]) => locked);
  return { packages, importers };
}

/** null for what is not for Linux on a processor that flake.nix knows. */
function readPackage(lock: Lock, { name, version }: { name: string; version: string }): LockedPackage | null {
  const key = `${name}@${version}`;
  const entry = lock.packages[key];
  const snapshot = lock.snapshots[key];
  if (entry === undefined || snapshot === undefined) throw new Error(`no plain package of the lock: ${key}`);
  const { resolution, os = ["linux"], cpu } = entry;
  if (!os.includes("linux")) return null;
  if (cpu !== undefined && !["x64", "arm64"].includes(cpu.join())) return null;
  return {
    name,
    version,
    hash: resolution.integrity,
    ...(cpu === undefined ? {} : { cpu: cpu.join() }),
    dependencies: withoutTypes({ ...snapshot["dependencies"], ...snapshot["optionalDependencies"] }),
  };
}

function withoutTypes(dependencies: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(dependencies).filter(([name]) => !name.startsWith("@types/")));
}
