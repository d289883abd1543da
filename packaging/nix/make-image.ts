// node packaging/nix/make-image.ts ROOT NAME ARCHIVE
// Writes an image of the agent whose files are those of the folder ROOT, as an OCI image layout in a tar archive. A
// manifest.json is beside the layout, because engines before 25 load by that. The same files give the same bytes. It runs where no
// npm package is installed.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { rm, writeFile } from "node:fs/promises";

import { walkFolder } from "../../libs/store/src/folder-walk.ts";
import { tarEnd, tarHeading, tarPadding } from "../../script/tar.ts";

interface Blob {
  digest: string;
  sizeBytes: number;
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

const [root = "", name = "", archive = ""] = process.argv.slice(2);
const layerPath = `${archive}.layer`;
const created = "1970-01-01T00:00:00Z";

const layer = await writeLayer();
const config = jsonBlob({
  architecture: { x64: "amd64", arm64: "arm64" }[process.arch as string],
  os: "linux",
  created,
  config: {
    Entrypoint: ["keelson-agent"],
    Cmd: ["run"],
    Env: ["PATH=/bin", "CACHE_DIRECTORY=/tmp/keelson", "SSL_CERT_FILE=/etc/ssl/certs/ca-bundle.crt"],
    WorkingDir: "/",
  },
  rootfs: { type: "layers", diff_ids: [layer.digest] },
  history: [{ created, created_by: "keelson" }],
});
const manifest = jsonBlob({
  schemaVersion: 2,
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  config: describe(config, "config.v1+json"),
  layers: [describe(layer, "layer.v1.tar")],
});
const index = {
  schemaVersion: 2,
  mediaType: "application/vnd.oci.image.index.v1+json",
  manifests: [
    { ...describe(manifest, "manifest.v1+json"), annotations: { "io.containerd.image.name": name } },
  ],
};
await writeFile(
  archive,
  tar({
    "oci-layout": jsonBlob({ imageLayoutVersion: "1.0.0" }),
    "index.json": jsonBlob(index),
    "manifest.json": jsonBlob([{ Config: placeOf(config), RepoTags: [name], Layers: [placeOf(layer)] }]),
    ...Object.fromEntries([config, manifest, layer].map((blob) => [placeOf(blob), blob])),
  }),
);
await rm(layerPath);

/** Writes the files of the image into a file of their own, whose digest must be known before it can be put anywhere. */
async function writeLayer(): Promise<Blob> {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  await writeFile(
    layerPath,
    (async function* () {
      for await (const chunk of layerChunks()) {
        hash.update(chunk);
        sizeBytes += chunk.length;
        yield chunk;
      }
    })(),
  );
  return { digest: `sha256:${hash.digest("hex")}`, sizeBytes, chunks: createReadStream(layerPath) };
}

async function* layerChunks(): AsyncGenerator<Uint8Array, void> {
  const names: string[] = [];
  for (const node of walkFolder(root)) {
    if (node.depth === 0) continue;
    names.splice(node.depth - 1, names.length, Buffer.from(node.name).toString());
    const path = names.join("/");
    if (node.kind === "folder")
      yield tarHeading({ kind: "folder", path, mode: path === "tmp" ? 0o1777 : 0o755 });
    if (node.kind === "link")
      yield tarHeading({ kind: "link", path, target: Buffer.from(node.target).toString() });
    if (node.kind !== "file") continue;
    yield tarHeading({
      kind: "file",
      path,
      mode: node.isExecutable ? 0o755 : 0o644,
      sizeBytes: node.sizeBytes,
    });
    yield* node.chunks;
    yield tarPadding(node.sizeBytes);
  }
  yield tarEnd;
}

async function* tar(files: Record<string, Blob>): AsyncGenerator<Uint8Array, void> {
  for (const [path, { sizeBytes, chunks }] of Object.entries(files)) {
    yield tarHeading({ kind: "file", path, sizeBytes });
    yield* chunks;
    yield tarPadding(sizeBytes);
  }
  yield tarEnd;
}

function jsonBlob(value: unknown): Blob {
  const text = Buffer.from(JSON.stringify(value));
  const digest = `sha256:${createHash("sha256").update(text).digest("hex")}`;
  return { digest, sizeBytes: text.length, chunks: [text] };
}

function describe({ digest, sizeBytes }: Blob, kind: string): object {
  return { mediaType: `application/vnd.oci.image.${kind}`, digest, size: sizeBytes };
}

function placeOf({ digest }: Blob): string {
  return `blobs/${digest.replace(":", "/")}`;
}
