import {
  type ComposeModel,
  type ComposeMount,
  type ComposeService,
  type JsonObject,
  type RenderedFile,
  type RenderedInstance,
  mapValues,
} from "@keelson/model";

/** Where a use without an absolute target lies in the container (Compose specification, secrets and configs). */
const kinds = { secrets: "/run/secrets/", configs: "/" } as const;
type Kind = keyof typeof kinds;

/** A secret or config as a service uses it. */
interface Use {
  source: string;
  target?: string;
  uid?: string;
  gid?: string;
  mode?: string | number;
}

/**
 * The instance and its model with the content of secrets and configs as files that are placed and bound. Compose would copy
 * it into the container, but only where Compose also starts it, and the engine does.
 */
export function withPlacedContent(
  instance: RenderedInstance,
  model: ComposeModel,
): { instance: RenderedInstance; model: ComposeModel } {
  const files = new Map<string, RenderedFile>();
  const placed = (kind: Kind, { source, ...use }: Use): ComposeMount | null => {
    const content = contentOf(model[kind][source]);
    if (content === null) return null;
    const file = fileOf({ kind, source, ...use }, { content, instance });
    files.set(file.to, file);
    return bindOf(file.to, targetOf(kind, { source, ...use }));
  };
  const services = mapValues(model.services, (service) => withBinds(service, placed));
  if (files.size === 0) return { instance, model };
  return {
    instance: { ...instance, files: [...instance.files, ...files.values()] },
    model: {
      ...model,
      services,
      secrets: withoutContent(model.secrets),
      configs: withoutContent(model.configs),
    },
  };
}

function withBinds(
  service: ComposeService,
  placed: (kind: Kind, use: Use) => ComposeMount | null,
): ComposeService {
  const { secrets = [], configs = [], ...rest } = service;
  const binds = [
    ...secrets.map((use) => placed("secrets", use)),
    ...configs.map((use) => placed("configs", use)),
  ].flatMap((bind) => bind ?? []);
  if (binds.length === 0) return service;
  const left = {
    secrets: secrets.filter((use) => placed("secrets", use) === null),
    configs: configs.filter((use) => placed("configs", use) === null),
  };
  return {
    ...rest,
    ...(left.secrets.length > 0 ? { secrets: left.secrets } : {}),
    ...(left.configs.length > 0 ? { configs: left.configs } : {}),
    volumes: [...(service.volumes ?? []), ...binds],
  };
}

/** The model is in the form that Compose reads, where a dollar sign is written twice. */
function contentOf(definition: JsonObject | undefined): string | null {
  const content = definition?.["content"];
  return typeof content === "string" ? content.replaceAll("$$", "$") : null;
}

/** No file of package.yaml has a part that begins with two dots, so that the path is nobody else's. */
function fileOf(
  { kind, source, uid = "0", gid = "0", mode = "0444" }: Use & { kind: Kind },
  { content, instance }: { content: string; instance: RenderedInstance },
): RenderedFile {
  const bits = typeof mode === "number" ? mode : Number.parseInt(mode, 8);
  const isOwned = uid !== "0" || gid !== "0";
  const variant = `${bits.toString(8)}${isOwned ? `-${uid}-${gid}` : ""}`;
  const { folder, composeFiles } = instance.compose;
  return {
    to: `..content/${kind}/${source}/${variant}/content`,
    template: `${folder}/${composeFiles[0]}`,
    entry: 0,
    content: new TextEncoder().encode(content),
    mode: bits,
    owner: isOwned ? { uid: Number(uid), gid: Number(gid) } : null,
    onChange: "recreate",
    writable: false,
    secrets: [],
  };
}

function targetOf(kind: Kind, { source, target = source }: Use): string {
  return target.startsWith("/") ? target : `${kinds[kind]}${target}`;
}

function bindOf(source: string, target: string): ComposeMount {
  return { type: "bind", source, target, read_only: true, bind: { create_host_path: false } };
}

function withoutContent(definitions: Record<string, JsonObject>): Record<string, JsonObject> {
  return Object.fromEntries(
    Object.entries(definitions).filter(([, definition]) => contentOf(definition) === null),
  );
}
