import type {
  ChangeClass,
  DesiredFile,
  DesiredInstance,
  DesiredMount,
  DesiredService,
  ObservedFile,
  ObservedInstanceFiles,
  ObservedNode,
} from "@keelson/model";

/** What is to be done about one mount, and why. */
export interface MountChange {
  mount: DesiredMount;
  causes: string[];
  class: ChangeClass;
}

/** What a running service must do to have its live files, and why. */
export interface LiveChange {
  restart: string[];
  signals: Map<string, string[]>;
  commands: Map<string, { command: string[]; causes: string[] }>;
}

export function findStored(
  observed: ObservedNode,
  instance: DesiredInstance,
): ObservedInstanceFiles | undefined {
  return observed.storedInstances.find((stored) => stored.instance === instance.name);
}

/** Mounts whose files on disk are not byte for byte what is desired. */
export function findMountChanges(
  instance: DesiredInstance,
  stored: ObservedInstanceFiles | undefined,
): MountChange[] {
  return instance.mounts.flatMap((mount) => {
    const causes = mountCauses(mount, stored);
    return causes.length === 0 ? [] : [{ mount, causes, class: mountClass(mount) }];
  });
}

function mountCauses(mount: DesiredMount, stored: ObservedInstanceFiles | undefined): string[] {
  const causes = mount.files.flatMap((file) => {
    const found = stored?.files[visiblePath(mount, file)];
    if (found === undefined)
      return [
        stored === undefined || mount.layout === "content"
          ? `file ${file.to} is not placed yet`
          : `file ${file.to} is missing`,
      ];
    return isPlaced(file, found) ? [] : [differenceCause(mount, { file, stored })];
  });
  const wanted = new Set(mount.files.map((file) => visiblePath(mount, file)));
  const dropped = Object.keys(stored?.files ?? {}).filter(
    (path) => path.startsWith(`${mount.target}/`) && !wanted.has(path),
  );
  return [
    ...causes,
    ...dropped.map(
      (path) => `file ${path.slice(mount.target.length + 1)} does not belong in ${mount.source}`,
    ),
  ];
}

/** A file that nobody has asked for since is drift; otherwise a commit explains the difference. */
function differenceCause(
  mount: DesiredMount,
  on: { file: DesiredFile; stored: ObservedInstanceFiles | undefined },
): string {
  const applied = mount.services.map((service) => on.stored?.applied?.[service]?.[on.file.to]);
  const isDrift = mount.layout === "content" || applied.includes(on.file.digest);
  return isDrift ? `file ${on.file.to} was changed by hand` : `file ${on.file.to} changed`;
}

/** Where a container sees a file, below the instance's folder. */
export function visiblePath(mount: DesiredMount, file: DesiredFile): string {
  return mount.kind === "file" ? mount.target : `${mount.target}/${file.path}`;
}

function isPlaced(file: DesiredFile, found: ObservedFile): boolean {
  const digest = file.secrets.length > 0 ? found.keyedDigest : found.plainDigest;
  const hasOwner = file.owner === null || (file.owner.uid === found.uid && file.owner.gid === found.gid);
  return digest === file.contentDigest && found.mode === file.mode && hasOwner;
}

function mountClass(mount: DesiredMount): ChangeClass {
  if (mount.layout === "content") return "live"; // a new path beside the old one
  if (mount.layout === "live") return "restart";
  return mount.files.some((file) => file.onChange !== "none") ? "reload" : "live";
}

/** The live files of a service by `to`, as they are to be. */
export function desiredLiveFiles(service: DesiredService, instance: DesiredInstance): Record<string, string> {
  const mounts = instance.mounts.filter(
    (mount) => mount.layout !== "content" && mount.services.includes(service.name),
  );
  return Object.fromEntries(mounts.flatMap((mount) => mount.files.map((file) => [file.to, file.digest])));
}

/** What a service that keeps its containers must do: for every file that it has not loaded, or that was touched by hand. */
export function findLiveChange(
  service: DesiredService,
  on: {
    instance: DesiredInstance;
    stored: ObservedInstanceFiles | undefined;
    mountChanges: readonly MountChange[];
  },
): LiveChange {
  const change: LiveChange = { restart: [], signals: new Map(), commands: new Map() };
  const applied = on.stored?.applied?.[service.name];
  for (const mount of on.instance.mounts) {
    if (!mount.services.includes(service.name)) continue;
    const mountChange = on.mountChanges.find((each) => each.mount === mount);
    if (mount.layout === "content") {
      // A new path comes with a new digest; the same path with other bytes is drift, which the process may have read.
      if (mountChange !== undefined)
        addCause(change, { file: mount.files[0], causes: mountChange.causes, onChange: "restart" });
      continue;
    }
    for (const file of mount.files) {
      const causes = fileCauses(mount, { file, stored: on.stored, loaded: applied?.[file.to] });
      if (causes.length > 0) addCause(change, { file, causes, onChange: file.onChange });
    }
    const dropped = droppedCauses(mount, { loaded: applied ?? {}, mountChange });
    if (dropped.length > 0)
      for (const file of mount.files) addCause(change, { file, causes: dropped, onChange: file.onChange });
  }
  return change;
}

function fileCauses(
  mount: DesiredMount,
  on: { file: DesiredFile; stored: ObservedInstanceFiles | undefined; loaded: string | undefined },
): string[] {
  const { file, stored, loaded } = on;
  if (loaded !== undefined && loaded !== file.digest) return [`file ${file.to} changed`];
  if (loaded === undefined) return [`file ${file.to} was not loaded yet`];
  const found = stored?.files[visiblePath(mount, file)];
  if (found === undefined) return [`file ${file.to} is missing`];
  return isPlaced(file, found) ? [] : [`file ${file.to} was changed by hand`];
}

/** Files that the service has loaded or could see, and that the release no longer has. */
function droppedCauses(
  mount: DesiredMount,
  on: { loaded: Record<string, string>; mountChange: MountChange | undefined },
): string[] {
  const wanted = new Set(mount.files.map((file) => file.to));
  const dropped = Object.keys(on.loaded).filter((to) => to.startsWith(`${mount.source}/`) && !wanted.has(to));
  const foreign = (on.mountChange?.causes ?? []).filter((cause) => cause.includes("does not belong"));
  return dropped.length > 0 ? dropped.map((to) => `file ${to} was dropped`) : foreign;
}

function addCause(
  change: LiveChange,
  found: { file: DesiredFile | undefined; causes: string[]; onChange: DesiredFile["onChange"] },
): void {
  const { causes, onChange } = found;
  if (onChange === "none" || found.file === undefined) return;
  const add = (list: string[]) => {
    for (const cause of causes) if (!list.includes(cause)) list.push(cause);
  };
  if (onChange === "restart" || onChange === "recreate") return add(change.restart);
  if (typeof onChange === "object") {
    const key = JSON.stringify(onChange.exec);
    const entry = change.commands.get(key) ?? { command: onChange.exec, causes: [] };
    change.commands.set(key, entry);
    return add(entry.causes);
  }
  const signal = onChange.slice("signal:".length);
  const list = change.signals.get(signal) ?? [];
  change.signals.set(signal, list);
  add(list);
}
