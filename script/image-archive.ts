import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { writeTar } from "./tar.ts";
import type { TarEntry } from "./tar.ts";

export interface ImageSpec {
  /** `name:version`; its last part of the path and its version are what the image's page says. */
  readonly tag: string;
  /** Files by absolute path, added to the image's own or in place of them; as they are or with a mode. */
  readonly files?: Readonly<Record<string, string | { readonly content: string; readonly mode: number }>>;
  /** `/bin/serve` unless told. */
  readonly command?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  /** `root` unless told; the image also knows `app` (1000). */
  readonly user?: string;
  /** Paths that it declares as volumes. */
  readonly volumes?: readonly string[];
}

export interface ImageArchive {
  readonly tag: string;
  /** `sha256:…` of the image's configuration: the image id of an engine that keeps images its own way. */
  readonly imageId: string;
  /** What `docker load` takes. */
  readonly archive: Buffer;
}

/**
 * Builds a small image as a docker-archive: a static busybox with all its programs in /bin, users, /tmp, and a web
 * page at /www/index.html saying `<name> <version>`, served on port 8080 by `/bin/serve`. The same input gives the
 * same bytes, so the same image id; all images share their first layer.
 */
export async function buildImageArchive(spec: ImageSpec): Promise<ImageArchive> {
  const base = await (baseLayer ??= buildBaseLayer());
  const own = writeTar(ownEntries(spec));
  const layers = [base, own];
  const config = Buffer.from(
    JSON.stringify({
      architecture: { x64: "amd64", arm64: "arm64" }[process.arch as string] ?? process.arch,
      os: "linux",
      created: "1970-01-01T00:00:00Z",
      config: {
        Cmd: spec.command ?? ["/bin/serve"],
        Env: ["PATH=/bin"],
        ...(spec.labels === undefined ? {} : { Labels: sorted(spec.labels) }),
        ...(spec.user === undefined ? {} : { User: spec.user }),
        ...(spec.volumes === undefined
          ? {}
          : { Volumes: Object.fromEntries(spec.volumes.map((path) => [path, {}])) }),
        WorkingDir: "/",
      },
      history: layers.map(() => ({ created: "1970-01-01T00:00:00Z", created_by: "keelson" })),
      rootfs: { type: "layers", diff_ids: layers.map((layer) => `sha256:${sha256(layer)}`) },
    }),
  );
  const id = sha256(config);
  const manifest = [
    {
      Config: `${id}.json`,
      RepoTags: [spec.tag],
      Layers: layers.map((layer) => `${sha256(layer)}/layer.tar`),
    },
  ];
  const archive = writeTar([
    { kind: "file", path: `${id}.json`, content: config },
    ...layers.flatMap((layer): TarEntry[] => [
      { kind: "folder", path: sha256(layer) },
      { kind: "file", path: `${sha256(layer)}/layer.tar`, content: layer },
    ]),
    { kind: "file", path: "manifest.json", content: Buffer.from(JSON.stringify(manifest)) },
  ]);
  return { tag: spec.tag, imageId: `sha256:${id}`, archive };
}

let baseLayer: Promise<Buffer> | undefined;

// A shell that is process 1 answers a stop only if it says so, and goes on serving after a hangup.
const serve = `#!/bin/sh
trap 'exit 0' TERM INT
trap ':' HUP
httpd -f -p "\${PORT:-8080}" -h /www &
while kill -0 $! 2>/dev/null; do wait $!; done
`;

async function buildBaseLayer(): Promise<Buffer> {
  const path = findBusybox();
  const { stdout } = await promisify(execFile)(path, ["--list"], { timeout: 10_000 });
  const programs = stdout
    .trim()
    .split("\n")
    .filter((name) => name !== "busybox");
  return writeTar([
    { kind: "folder", path: "bin" },
    { kind: "file", path: "bin/busybox", content: await readFile(path), mode: 0o755 },
    ...programs.map((name): TarEntry => ({ kind: "link", path: `bin/${name}`, target: "busybox" })),
    { kind: "file", path: "bin/serve", content: Buffer.from(serve), mode: 0o755 },
    { kind: "folder", path: "etc" },
    {
      kind: "file",
      path: "etc/passwd",
      content: Buffer.from("root:x:0:0::/:/bin/sh\napp:x:1000:1000::/:/bin/sh\n"),
    },
    { kind: "file", path: "etc/group", content: Buffer.from("root:x:0:\napp:x:1000:\n") },
    { kind: "folder", path: "tmp", mode: 0o1777 },
    { kind: "folder", path: "www" },
  ]);
}

/** The path of the static busybox that `script/setup --images` names or has fetched; throws when there is none. */
export function findBusybox(): string {
  const named = process.env["KEELSON_BUSYBOX"];
  const fetched = ["bin", "usr/bin"].map((folder) =>
    fileURLToPath(new URL(`../.keelson/busybox/${folder}/busybox`, import.meta.url)),
  );
  const candidates = named === undefined || named === "" ? fetched : [named];
  const path = candidates.find((candidate) => existsSync(candidate));
  if (path === undefined) {
    throw new Error(
      "sample images are made from a static busybox, which is not here: run script/setup --images",
    );
  }
  return path;
}

function ownEntries({ tag, files = {} }: ImageSpec): TarEntry[] {
  const colon = tag.lastIndexOf(":");
  const name = tag.slice(tag.lastIndexOf("/") + 1, colon);
  const page = `${name} ${tag.slice(colon + 1)}\n`;
  return Object.entries(sorted({ "/www/index.html": page, ...files })).map(([path, file]) => {
    const { content, mode } = typeof file === "string" ? { content: file, mode: 0o644 } : file;
    return { kind: "file", path: path.replace(/^\/+/, ""), content: Buffer.from(content), mode };
  });
}

function sorted<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
