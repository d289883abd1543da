/** Keys by which operations of one plan wait for each other. */
export const keys = {
  pull: (image: string) => `pull:${image}`,
  network: (name: string) => `network:${name}`,
  removeNetwork: (id: string) => `remove-network:${id}`,
  volume: (name: string) => `volume:${name}`,
  place: (project: string, target: string) => `place:${project}/${target}`,
  create: (project: string, wave: string) => `create:${project}/${wave}`,
  start: (project: string, service: string) => `start:${project}/${service}`,
  restart: (project: string, containerId: string) => `restart:${project}/${containerId}`,
  await: (project: string, service: string) => `await:${project}/${service}`,
  signal: (project: string, what: string) => `signal:${project}/${what}`,
  record: (project: string, service: string) => `record:${project}/${service}`,
  forget: (project: string, service: string) => `forget:${project}/${service}`,
  remove: (containerId: string) => `remove:${containerId}`,
  stop: (containerId: string) => `stop:${containerId}`,
  rename: (containerId: string) => `rename:${containerId}`,
  collect: (project: string) => `collect:${project}`,
};
