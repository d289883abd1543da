interface DataPlaces {
  stateDir: string;
  dataDir?: string | undefined;
  dataFolders?: Readonly<Record<string, string>> | undefined;
}

/** What the kernel shows as files. */
const noData = ["/proc", "/sys", "/dev"];

/**
 * Where no data may lie: containers write there, and neither Keelson's own state nor the whole node is theirs. Each
 * fault is the path of keys in agent.yaml and what the value must be.
 */
export function findDataFaults({ stateDir, dataDir, dataFolders = {} }: DataPlaces): [string[], string][] {
  const state = clean(stateDir);
  const places: [string[], string][] = [
    ...(dataDir === undefined ? [] : [[["dataDir"], dataDir] as [string[], string]]),
    ...Object.entries(dataFolders).map(([name, path]): [string[], string] => [["dataFolders", name], path]),
  ];
  return places.flatMap(([key, text]): [string[], string][] => {
    const path = clean(text);
    if (path === "/" || noData.some((folder) => isIn(path, folder)))
      return [[key, "must be a folder of its own on a disk"]];
    const isOfState = isIn(path, state) && !isIn(path, `${state}/data`);
    return isOfState || isIn(state, path)
      ? [[key, "must not hold stateDir, nor lie in it other than in its data/"]]
      : [];
  });
}

function isIn(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

function clean(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}
