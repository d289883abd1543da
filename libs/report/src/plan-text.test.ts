import type { Cause, DesiredMount, DesiredNode, KeepFolder, Operation, Plan } from "@keelson/model";
import { describe, expect, it } from "vitest";

import { formatPlanSummary } from "./plan-text.ts";

const desired: DesiredNode = {
  environment: "lab",
  node: "lab-1",
  lockDigest: "",
  digest: "",
  instances: [],
  networks: [],
  held: [],
};

function planOf(operations: Operation[], more: Partial<Plan> = {}): Plan {
  return {
    environment: "lab",
    node: "lab-1",
    desiredDigest: "",
    operations,
    blocked: [],
    notices: [],
    grants: [],
    ...more,
  };
}

function cause(text: string, more: Partial<Cause> = {}): Cause {
  return { kind: "desired", service: null, text, ...more };
}

const base: Pick<Operation, "id" | "after" | "class" | "causes"> = {
  id: "#1",
  after: [],
  class: "live",
  causes: [cause("its containers are new", { kind: "follows" })],
};
const service = { instance: "core", project: "lab-core" } as const;

function creation(services: string[], causes: Cause[]): Operation {
  return {
    ...base,
    ...service,
    kind: "create-containers",
    resource: "services:lab-core/{…}",
    services,
    parts: [],
    force: false,
    causes,
    class: "recreate",
  };
}

function start(name: string): Operation {
  return { ...base, ...service, kind: "start-service", resource: `service:lab-core/${name}`, service: name };
}

function place(source: string, services: string[]): Operation {
  const mount: DesiredMount = {
    source,
    services,
    kind: "folder",
    layout: "data",
    writable: false,
    target: `live/${source}`,
    files: [],
  };
  const causes = [cause(`file ${source}/a changed`)];
  return {
    ...base,
    instance: "core",
    kind: "place-files",
    resource: `files:lab-core/${source}`,
    mount,
    causes,
  };
}

describe("formatPlanSummary", () => {
  it("must say one line per service that a wave replaces, each with its own causes", () => {
    const operations = [
      creation(
        ["core", "preview"],
        [
          cause("image 1.0.0 → 1.1.0", { service: "core" }),
          cause("a; b: changed", { service: "core" }),
          cause("image 1.0.0 → 1.1.0", { service: "preview" }),
        ],
      ),
      start("core"),
      start("preview"),
    ];
    expect(formatPlanSummary({ plan: planOf(operations), desired })).toBe(
      [
        "  ± recreate lab-core/core     image 1.0.0 → 1.1.0; a; b: changed",
        "  ± recreate lab-core/preview  image 1.0.0 → 1.1.0",
        "2 to recreate, 0 unchanged",
      ].join("\n"),
    );
  });

  it("must fold the files of a service that changes anyway, and show those that nobody is told of", () => {
    const signal: Operation = {
      ...base,
      instance: "core",
      project: "lab-core",
      service: "nginx",
      containerId: "c",
      signal: "HUP",
      kind: "signal-container",
      resource: "service:lab-core/nginx",
      class: "reload",
      causes: [cause("file nginx/a changed")],
    };
    const operations = [place("nginx", ["nginx"]), place("mail", ["mail"]), signal];
    expect(formatPlanSummary({ plan: planOf(operations), desired })).toBe(
      [
        "  · place    files lab-core/mail  file mail/a changed",
        "  ~ reload   lab-core/nginx       file nginx/a changed; signal HUP",
        "1 to reload, 1 to place, 0 unchanged",
      ].join("\n"),
    );
  });

  it("must name what is blocked with what to do, and what is left alone", () => {
    const plan = planOf([], {
      blocked: [
        { resource: "service:lab-core/nginx", code: "K3004", message: "port 80 is held", hint: "Free it." },
      ],
      notices: [{ resource: "container:x", code: "K3020", message: "container x is left alone" }],
    });
    expect(formatPlanSummary({ plan, desired })).toBe(
      [
        "  ! blocked  service:lab-core/nginx  port 80 is held [K3004]",
        "             Free it.",
        "  ? container x is left alone [K3020]",
        "0 unchanged, 1 blocked",
      ].join("\n"),
    );
  });

  it("must show of a digest as many digits as Docker does", () => {
    const image = `web:1@sha256:${"a".repeat(64)}`;
    const pull = { kind: "pull-image", id: "#1", image, resource: `image:${image}` } as const;
    const operation: Operation = { ...pull, causes: [], class: "live", after: [] };
    expect(formatPlanSummary({ plan: planOf([operation]), desired })).toContain(
      `image web:1@sha256:${"a".repeat(12)}\n`,
    );
  });

  it("must say that there is nothing to do", () => {
    expect(formatPlanSummary({ plan: planOf([]), desired })).toBe("nothing to do: 0 unchanged");
  });

  it("must not call unchanged what is to have no container, and count jobs by schedule apart", () => {
    const services = [
      { name: "web", replicas: 1 },
      { name: "job", replicas: 0, schedule: { cron: "0 3 * * *", timeZone: "UTC", timeoutMs: 1 } },
      { name: "off", replicas: 0 },
    ];
    const sumOf = (state: string, operations: Operation[]) => {
      const instances = [{ project: "lab-core", state, services }];
      const text = formatPlanSummary({
        plan: planOf(operations),
        desired: Object({ ...desired, instances }),
      });
      return text.split("\n").at(-1);
    };
    expect(sumOf("running", [creation(["web"], [])])).toBe("1 to recreate, 0 unchanged, 1 by schedule");
    expect(sumOf("running", [])).toBe("nothing to do: 1 unchanged, 1 by schedule");
    expect(sumOf("installed", [])).toBe("nothing to do: 1 unchanged");
    expect(sumOf("staged", [])).toBe("nothing to do: 0 unchanged");
  });

  it("must count adoptions, and call nothing unchanged of an instance that is blocked", () => {
    const adoption: Operation = {
      ...base,
      kind: "adopt-project",
      resource: "instance:wiki",
      instance: "wiki",
      project: "wiki",
      containers: [],
      networks: [],
      volumes: [],
    };
    const services = [{ name: "web", replicas: 1 }];
    const instances = ["core", "wiki"].map((name) => ({ name, project: name, state: "running", services }));
    const blocked = [
      { resource: "instance:core", code: "K3085", message: "is not permitted", hint: "Permit it." },
    ];
    const text = formatPlanSummary({
      plan: planOf([adoption], { blocked }),
      desired: Object({ ...desired, instances }),
    });
    expect(text.split("\n").at(-1)).toBe("1 to adopt, 1 unchanged, 1 blocked");
  });
});

it("must show that a data folder is made, also of a service that is made anew anyway", () => {
  const keep = (source: string, more: Partial<KeepFolder> = {}): Operation => ({
    ...base,
    kind: "keep-folder",
    instance: "core",
    resource: `folder:lab-core/${source}`,
    folder: { source, kind: "folder", services: ["web"], writers: ["web"], files: [] },
    place: {},
    remove: {},
    causes: [cause(`data folder ${source} is not there yet`)],
    ...more,
  });
  const operations = [
    keep("custom.lst", { isNew: true }),
    keep("known"),
    creation(["web"], [cause("volumes changed", { service: "web" })]),
  ];
  expect(formatPlanSummary({ plan: planOf(operations), desired })).toBe(
    [
      "  + create   folder lab-core/custom.lst  data folder custom.lst is not there yet; begins empty",
      "  ± recreate lab-core/web                volumes changed",
      "1 to recreate, 0 unchanged",
    ].join("\n"),
  );
});

it("must show each new grant, and whether it is as good as root, and count the others", () => {
  const grants: Plan["grants"] = [
    { instance: "docker", service: "ui", kind: "engineSocket", value: "true", isNew: true, isRoot: true },
    { instance: "nas", service: "", kind: "mounts", value: "nfs://nas.lan/x", isNew: false, isRoot: false },
    {
      instance: "media",
      service: "player",
      kind: "paths",
      value: "media/films\u001b[2J",
      readOnly: true,
      isNew: true,
      isRoot: false,
    },
  ];
  expect(formatPlanSummary({ plan: planOf([], { grants }), desired })).toBe(
    [
      "  grants in use:",
      "    new  docker/ui     the engine's socket  root-equivalent",
      "    new  media/player  path media/films\\u{1b}[2J (read-only)",
      "    1 grant as before: keelson audit --grants",
      "nothing to do: 0 unchanged",
    ].join("\n"),
  );
  const before = grants.map((grant) => ({ ...grant, isNew: false }));
  expect(formatPlanSummary({ plan: planOf([], { grants: before }), desired })).toBe(
    "  3 grants as before: keelson audit --grants\nnothing to do: 0 unchanged",
  );
});
