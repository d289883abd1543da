import { type Ask, Grants, type HostPath, type ObservedHost, required } from "@keelson/model";

/** `app: paths /srv/media:ro` or `vpn: capabilities NET_ADMIN`; without a service, it is the instance's. */
export function ask(text: string): Ask {
  const [, service = "", kind = "", value = "true", readOnly] =
    /^(?:(\S+): )?(\w+)(?: (.+?))?(:ro)?$/.exec(text) ?? [];
  return {
    kind: required(
      Grants.keyof().options.find((each) => each === kind),
      kind,
    ),
    value,
    ...(readOnly === undefined ? {} : { readOnly: true }),
    service,
  };
}

/** A host on which each path leads to itself unless told: to another one, to nothing (`null`), or nowhere to be seen (an error). */
export function host(
  paths: readonly string[],
  others: Readonly<Record<string, string | null | Error>> = {},
): ObservedHost {
  const found = Object.entries(others).map(([path, real]): [string, HostPath] =>
    real instanceof Error ? [path, { real: null, fault: real.message }] : [path, { real, fault: "" }],
  );
  const plain = paths.map((path): [string, HostPath] => [path, { real: path, fault: "" }]);
  return {
    paths: Object.fromEntries([...plain, ...found]),
    engineSockets: ["/run/docker.sock"],
    engineRoot: "/var/lib/docker",
    stateDir: "/var/lib/keelson",
    ownFiles: ["/etc/keelson/node.key", "/etc/keelson/agent.yaml"],
    dataFolders: ["/srv/data"],
  };
}
