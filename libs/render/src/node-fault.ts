import {
  type DesiredInstance,
  type NodeSecrets,
  type Problem,
  type PublishedPort,
  type RenderedInstance,
  type RenderedNode,
  compareText,
  decodeText,
  parseSubnet,
  problemOf,
  secretPlaceholder,
  subnetsOf,
  subnetsOverlap,
} from "@keelson/model";

import { networkName } from "./network-name.ts";
import { composeProblem } from "./place-of-problem.ts";

/** Problems that only all instances of a node together can have. `instances` are those that could be built. */
export function findNodeFaults(
  rendered: RenderedNode,
  { instances, secrets }: { instances: readonly DesiredInstance[]; secrets: NodeSecrets },
): Problem[] {
  const context = { rendered, instances };
  const built = new Set(instances.map(({ name }) => name));
  const isAllBuilt = rendered.places.every(({ name, isElsewhere }) => isElsewhere || built.has(name));
  return [
    // Who owns a network may be one of those that are missing.
    ...(isAllBuilt ? findUnownedNetworks(context) : []),
    ...findSharedPorts(context),
    ...findSharedVolumes(context),
    ...findSharedSubnets(context),
    ...findUnpinnedImages(context),
    ...findMissingSecrets(rendered, secrets),
    ...findOddSecrets(rendered, secrets),
  ];
}

interface FaultContext {
  rendered: RenderedNode;
  instances: readonly DesiredInstance[];
}

/** An external network must be another instance's of this node. */
function findUnownedNetworks({ rendered, instances }: FaultContext): Problem[] {
  const owned = instances.flatMap(({ networks }) => networks.map(({ name }) => name)).sort(compareText);
  return sourcesOf(rendered, instances).flatMap(({ instance, source }) =>
    Object.entries(instance.compose.networks)
      .filter(([key]) =>
        instance.services.some((service) => usesNetwork(instance, { service: service.name, key })),
      )
      .map(([key, network]) => ({ key, name: networkName(key, network) }))
      .filter(({ name }) => !owned.includes(name))
      .map(({ key, name }) =>
        composeProblem(source, {
          code: "K1310",
          path: ["networks", key],
          message: `instance ${instance.name} joins the network ${name}, which no instance of this node owns`,
          hint: `Networks of this node: ${owned.join(", ") || "none"}. Name one by a variable: {{ requires["<interface>"].project }}_<network>.`,
        }),
      ),
  );
}

function usesNetwork(
  { compose }: DesiredInstance,
  { service, key }: { service: string; key: string },
): boolean {
  return Object.hasOwn(compose.services[service]?.networks ?? {}, key);
}

/** Two services that run cannot publish one port; the second one would never start. */
function findSharedPorts({ rendered, instances }: FaultContext): Problem[] {
  const published = sourcesOf(rendered, instances)
    .filter(({ instance }) => instance.state === "running")
    .flatMap(({ instance, source }) =>
      instance.services
        .filter(({ replicas }) => replicas > 0)
        .flatMap(({ name, ports }) =>
          ports.map((port) => ({ source, port, name, project: instance.project })),
        ),
    );
  return published.flatMap(({ source, port, name, project }, index): Problem[] => {
    const first = published.slice(0, index).find((other) => collide(other.port, port));
    if (first === undefined) return [];
    return [
      ofBoth(first.source, source, {
        code: "K1312",
        path: ["services", name, "ports"],
        message: `${project}/${name} and ${first.project}/${first.name} both publish port ${port.port}/${port.protocol} of this node`,
        hint: "Give one of them another port, or let it be a setting.",
      }),
    ];
  });
}

/** By `was` two keys can lead to one volume, which is only one's. */
function findSharedVolumes({ rendered, instances }: FaultContext): Problem[] {
  const all = sourcesOf(rendered, instances).flatMap(({ instance, source }) =>
    instance.volumes.map(({ key, name }) => ({ key, name, source, owner: instance.name })),
  );
  return all.flatMap(({ key, name, source, owner }, index): Problem[] => {
    const first = all.slice(0, index).find((other) => other.name === name);
    if (first === undefined) return [];
    return [
      ofBoth(first.source, source, {
        code: "K1435",
        path: ["volumes", key],
        message: `the volume ${key} of instance ${owner} and ${first.key} of ${first.owner} would both be ${name}`,
        hint: "One of them is so by its `was`: take that away, or the other volume.",
      }),
    ];
  });
}

/** The engine makes only one of two networks whose subnets overlap. */
function findSharedSubnets({ rendered, instances }: FaultContext): Problem[] {
  const making = instances.filter(({ state }) => state === "running" || state === "installed");
  const joined = new Set(making.flatMap(({ services }) => services.flatMap(({ networks }) => networks)));
  const subnets = sourcesOf(rendered, instances).flatMap(({ instance, source }) =>
    instance.networks
      .filter(({ name }) => making.includes(instance) || joined.has(name))
      .flatMap(({ key, name, definition }) =>
        subnetsOf(definition).map((subnet, index) => ({
          network: name,
          subnet,
          block: parseSubnet(subnet),
          source,
          path: ["networks", key, "ipam", "config", index, "subnet"],
        })),
      ),
  );
  return subnets.flatMap(({ network, subnet, block, source, path }, index) => {
    const first = subnets
      .slice(0, index)
      .find(
        (other) =>
          other.network !== network &&
          block !== null &&
          other.block !== null &&
          subnetsOverlap(block, other.block),
      );
    if (first === undefined) return [];
    const { file, line } = composeProblem(first.source, {
      ...subnetsOverlapping,
      path: first.path,
      message: "",
    });
    return [
      ofBoth(first.source, source, {
        ...subnetsOverlapping,
        path,
        message: `the subnet ${subnet} of network ${network} overlaps with ${first.subnet} of network ${first.network}, at ${file}:${line}`,
      }),
    ];
  });
}

/** At its place in the later one: either of the two can give way, and nobody knows which. */
function ofBoth(...[first, later, found]: [RenderedInstance, ...Parameters<typeof composeProblem>]): Problem {
  return { ...composeProblem(later, found), instances: [...new Set([first.name, later.name])] };
}

const subnetsOverlapping = {
  code: "K1322",
  hint: "Give one of them another private subnet, let it be a setting, or leave it out: the engine then chooses a free one.",
};

/** A port on all addresses is taken on each of them. */
function collide(a: PublishedPort, b: PublishedPort): boolean {
  const isAny = (address: string) => address === "" || address === "0.0.0.0" || address === "::";
  const meet = a.hostIp === b.hostIp || isAny(a.hostIp) || isAny(b.hostIp);
  return a.port === b.port && a.protocol === b.protocol && meet;
}

function sourcesOf(
  rendered: RenderedNode,
  instances: readonly DesiredInstance[],
): { instance: DesiredInstance; source: RenderedInstance }[] {
  return instances.flatMap((instance) => {
    const source = rendered.instances.find(({ name }) => name === instance.name);
    return source === undefined ? [] : [{ instance, source }];
  });
}

/** A tag can be moved after the review; the policy demands a digest, which cannot. */
function findUnpinnedImages({ rendered, instances }: FaultContext): Problem[] {
  if (!rendered.requireDigests) return [];
  return sourcesOf(rendered, instances).flatMap(({ instance, source }) =>
    instance.services
      .filter(({ image }) => !/@sha256:[0-9a-f]{64}$/.test(image))
      .map(({ name, image }) =>
        composeProblem(source, {
          code: "K1313",
          path: ["services", name, "image"],
          message: `${instance.project}/${name} runs ${image} without a digest, which environment ${rendered.environment} requires`,
          hint: `Name the image as ${image}@sha256:…, or set policy.requireDigests: false.`,
        }),
      ),
  );
}

/** Each secret once, however many files need it. */
function findMissingSecrets(rendered: RenderedNode, secrets: NodeSecrets): Problem[] {
  const uses = rendered.instances.flatMap((instance) =>
    instance.files.flatMap(({ template, secrets: names }) =>
      names.map((secret) => ({ secret, template, instance: instance.name })),
    ),
  );
  const missing = uses.filter(({ secret }) => !secrets.hasValue(secret));
  return [...Map.groupBy(missing, ({ secret }) => secret)].map(([name, users]) => {
    const [release = "", secret = ""] = name.split(".");
    const problem = problemOf(users[0]?.template ?? "", {
      code: "K5002",
      message: `secret ${name} has no value on node ${rendered.node}`,
      hint: `Put it into the secrets file of the node: ${release}: { ${secret}: … }`,
    });
    return { ...problem, instances: [...new Set(users.map(({ instance }) => instance))] };
  });
}

/** Files that are parsed when they are rendered. */
const checkedSyntax = /\.(?:json|ya?ml)$/;

/** The file was checked with placeholders: a quote or a line break in a value would break the real one. */
function findOddSecrets(rendered: RenderedNode, secrets: NodeSecrets): Problem[] {
  return rendered.instances.flatMap(({ name: instance, files }) =>
    files
      .filter(({ to }) => checkedSyntax.test(to))
      .flatMap((file) =>
        file.secrets
          .filter((name) => secrets.hasValue(name) && !secrets.isPlain(name))
          // After the filter json it has the escapes that it needs.
          .filter((name) => decodeText(file.content).includes(secretPlaceholder(name)))
          .map((name) => ({
            ...problemOf(file.template, {
              code: "K5007",
              message: `secret ${name} cannot stand in ${file.to}: its value on node ${rendered.node} holds characters that need quoting there`,
              hint: `Write it as {{ secrets.${name.split(".")[1] ?? ""} | json }} without quotes around it, give it a file of its own, or a value of letters, digits and . _ / + = ~ - only.`,
            }),
            instances: [instance],
          })),
      ),
  );
}
