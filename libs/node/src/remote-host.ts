import type { RemoteHost } from "@keelson/engine";
import type { AgentConfig } from "@keelson/model";

/**
 * The hosts of the repositories in agent.yaml. A node that a commit cuts off from them can be repaired by no commit.
 */
export function remotesOf({ source, report }: Pick<AgentConfig, "source" | "report">): RemoteHost[] {
  const urls = [source.url, report.as === "none" ? undefined : report.url];
  return urls.flatMap((url) => (url === undefined ? [] : hostOf(url)));
}

function hostOf(url: string): RemoteHost[] {
  const host = URL.parse(url)?.hostname ?? "";
  if (/^https?:/i.test(url)) return host === "" ? [] : [{ host, mustResolve: true }];
  // The host may be an alias in ssh's configuration, which no resolver knows.
  if (/^ssh:/i.test(url)) return host === "" ? [] : [{ host, mustResolve: false }];
  const [, scpLike] = /^[^@/:]+@([^@/:]+):/.exec(url) ?? [];
  return scpLike === undefined ? [] : [{ host: scpLike, mustResolve: false }];
}
