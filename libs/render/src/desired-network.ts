import {
  type ComposeModel,
  type DesiredInstance,
  type DesiredNetwork,
  type RenderedInstance,
  type RenderedNode,
  compareText,
  digestValue,
} from "@keelson/model";

import { permitsNetwork } from "./granted-network.ts";
import { withoutEmpty } from "./meaning.ts";
import { givenName } from "./given-name.ts";

/** The networks that an instance makes, under the names that its Compose file gives them, or `<project>_<key>`. */
export function buildNetworks(instance: RenderedInstance, model: ComposeModel): DesiredNetwork[] {
  return Object.entries(model.networks)
    .filter(([, definition]) => definition?.["external"] !== true)
    .map(([key, definition]) => {
      const { name: _name, ...rest } = definition ?? {};
      const name = givenName(definition) ?? `${instance.project}_${key}`;
      return { key, name, digest: digestValue(withoutEmpty(rest) ?? {}), definition: rest };
    })
    .sort((a, b) => compareText(a.key, b.key));
}

/** Networks that the instance joins and that something else makes. */
export function externalNetworks(model: ComposeModel): Pick<DesiredNetwork, "key" | "name" | "digest">[] {
  return Object.entries(model.networks)
    .filter(([, definition]) => definition?.["external"] === true)
    .map(([key, definition]) => ({ key, name: givenName(definition) ?? key, digest: "" }))
    .sort((a, b) => compareText(a.key, b.key));
}

/** The networks of the environment that instances of this node join. */
export function buildEnvironmentNetworks(
  rendered: RenderedNode,
  instances: readonly DesiredInstance[],
): DesiredNetwork[] {
  return Object.entries(rendered.networks)
    .flatMap(([name, network]): DesiredNetwork[] => {
      const joining = instances.filter(({ services }) =>
        services.some(({ networks }) => networks.includes(name)),
      );
      if (joining.length === 0) return [];
      const definition = network ?? {};
      const mayBeForeign = joining.every((each) => permitsNetwork(rendered, { instance: each.name, name }));
      return [
        {
          key: name,
          name,
          digest: digestValue(withoutEmpty(definition) ?? {}),
          definition,
          ...(mayBeForeign ? { mayBeForeign } : {}),
        },
      ];
    })
    .sort((a, b) => compareText(a.name, b.name));
}
