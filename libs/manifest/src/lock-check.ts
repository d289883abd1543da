import {
  problemAt,
  type Finding,
  type Located,
  type Lock,
  type Problem,
  hintFor,
  isLocalReference,
  keelsonVersion,
  needsLock,
  quote,
  ownOf,
} from "@keelson/model";

import { type Scene, isLeftOut, isLeftOutOf, layerOf, lockedFolder, releaseKey } from "./scene.ts";
import { isInRange, isVersionRange } from "./version-range.ts";

/** The lock exists, contains what the environment asks for and nothing else, and names only what exists. */
export function checkLock(scene: Scene): Problem[] {
  const { lock, environment } = scene.environment;
  if (lock === null) {
    if (scene.documents.files.has("lock.yaml") || !needsLock(environment.value)) return [];
    const hint = "Run keelson lock, which writes it, and commit it.";
    const message = `environment ${scene.name} has no lock.yaml, which is all that a node follows`;
    return [problemAt(environment, { code: "K1101", path: "releases", message, hint })];
  }
  return [
    ...Object.keys(environment.value.releases).flatMap((name) => checkRelease(scene, { lock, name })),
    ...extraReleases(scene, lock),
    ...Object.keys(environment.value.instances).flatMap((name) => checkInstance(scene, { lock, name })),
    ...extraInstances(scene, lock),
  ].map((finding) => problemAt(lock, finding));
}

/** A release or an instance that should be locked. */
interface Locked {
  lock: Located<Lock>;
  name: string;
}

function checkRelease(scene: Scene, { lock, name }: Locked): Finding[] {
  const range = ownOf(scene.environment.environment.value.releases, name) ?? "";
  const locked = ownOf(lock.value.releases, name);
  if (locked === undefined) {
    if (isLeftOut(lock, ["releases", name])) return [];
    const message = `release ${quote(name)} is not locked`;
    return [
      {
        code: "K1103",
        path: `releases.${name}`,
        message,
        hint: `Run keelson lock, which adds it with a version in ${range}.`,
      },
    ];
  }
  const path = `releases.${name}.version`;
  const findings = digestFindings(scene, { name, digest: locked.digest });
  if (isVersionRange(range) && !isInRange(locked.version, range)) {
    const asked = layerOf(scene, { part: "releases", name });
    const { line } = asked.positionOf(`releases.${name}`);
    const message = `${quote(name)} ${locked.version} is not in the range ${range}`;
    const hint = `Run keelson lock for a version in the range, or change the range in ${asked.file}:${line}.`;
    findings.push({ code: "K1104", path, message, hint, part: "value" });
  }
  const folder = `releases/${name}/${locked.version}`;
  if (scene.tree.releases.has(folder)) return [...findings, ...agentFindings(scene, { folder, path })];
  const versions = [...scene.tree.releases.keys()].filter((known) => known.startsWith(`releases/${name}/`));
  const hint = hintFor(folder, { known: versions, as: "folders there" }) ?? `commit the release to ${folder}`;
  return [...findings, { code: "K1102", path, message: `there is no folder ${folder}`, hint, part: "value" }];
}

function digestFindings(
  scene: Scene,
  { name, digest }: { name: string; digest: string | undefined },
): Finding[] {
  const isRequired = scene.environment.environment.value.policy.requireLockDigests === true;
  if (!isRequired || digest !== undefined) return [];
  const message = `release ${quote(name)} is locked without its digest, and policy.requireLockDigests asks for it`;
  return [
    { code: "K1449", path: `releases.${name}`, message, hint: "Run keelson lock, and commit the lock." },
  ];
}

/** A release may need an agent that knows what it uses; an older one must not half apply it. */
function agentFindings(scene: Scene, { folder, path }: { folder: string; path: string }): Finding[] {
  const range = scene.releases.get(releaseKey(folder))?.release.value.agent;
  if (range === undefined || !isVersionRange(range) || isInRange(keelsonVersion, range)) return [];
  const message = `${folder} needs an agent ${range}; this is Keelson ${keelsonVersion}`;
  return [
    {
      code: "K1117",
      path,
      message,
      hint: "upgrade Keelson first, or lock a version of the release that fits it",
    },
  ];
}

function checkInstance(scene: Scene, { lock, name }: Locked): Finding[] {
  const instance = ownOf(scene.environment.environment.value.instances, name);
  const locked = ownOf(lock.value.instances, name);
  if (instance === undefined || isLocalReference(instance.package)) return [];
  if (locked === undefined) {
    if (instance.state === "absent" || isLeftOut(lock, ["instances", name])) return [];
    const hint = "Run keelson lock, which adds it.";
    return [
      { code: "K1103", path: `instances.${name}`, message: `instance ${quote(name)} is not locked`, hint },
    ];
  }
  const path = `instances.${name}`;
  if (locked.package !== instance.package) {
    const message = `instance ${quote(name)} is locked as ${locked.package}; the environment says ${instance.package}`;
    return [
      {
        code: "K1103",
        path: `${path}.package`,
        message,
        hint: "Run keelson lock.",
        part: "value",
      },
    ];
  }
  const version = lockedPackageVersion(scene, instance.package);
  if (version === undefined || version === locked.version) return [];
  const message = `instance ${quote(name)} is locked at ${locked.version}; ${instance.package} is ${version} in the locked release`;
  return [
    {
      code: "K1103",
      path: `${path}.version`,
      message,
      hint: `Run keelson lock, which writes ${version}.`,
      part: "value",
    },
  ];
}

function lockedPackageVersion(scene: Scene, reference: string): string | undefined {
  const [release = "", packageName = ""] = reference.split("/");
  const folder = lockedFolder(scene, release);
  const found = folder === null ? undefined : scene.releases.get(releaseKey(folder));
  const document = found?.packages.get(packageName)?.package;
  return document === undefined || isLeftOut(document, ["version"]) ? undefined : document.value.version;
}

function extraReleases(scene: Scene, lock: Located<Lock>): Finding[] {
  const { releases } = scene.environment.environment.value;
  return Object.keys(lock.value.releases)
    .filter((name) => !Object.hasOwn(releases, name) && !isLeftOutOf(scene, ["releases", name]))
    .map((name) => extra(`releases.${name}`, `release ${quote(name)}`));
}

function extraInstances(scene: Scene, lock: Located<Lock>): Finding[] {
  const { instances } = scene.environment.environment.value;
  return Object.keys(lock.value.instances)
    .filter((name) => !isLeftOutOf(scene, ["instances", name]))
    .flatMap((name) => {
      const path = `instances.${name}`;
      const instance = ownOf(instances, name);
      if (instance === undefined) return [extra(path, `instance ${quote(name)}`)];
      if (!isLocalReference(instance.package)) return [];
      const message = `instance ${quote(name)} is locked, and the environment says ${instance.package}, which no lock has`;
      return [{ code: "K1103", path, message, hint: "Run keelson lock, which removes it." }];
    });
}

function extra(path: string, what: string): Finding {
  const message = `${what} is locked, but the environment does not have it`;
  return {
    code: "K1103",
    path,
    message,
    hint: "Run keelson lock, which removes it; or add it to environment.yaml.",
  };
}
