import { HardenedStack } from "../../../components";
import {
  viewOfResources,
  type ContainerView,
  type NetworkView,
  type StackView,
  type VolumeView,
} from "../../../hardening/rules";
import { configOf, once, PROD, record, SERVICE } from "../../components/support";

export const FACTS = {
  stack: "prod",
  environment: "prod",
  certificates: "letsencrypt",
  registries: { "registry.example.com": "acme" },
  databaseAccess: "direct",
} as const;

const CONFIG = {
  ...PROD,
  dockerSocketGroup: 998,
  services: {
    api: {
      ...SERVICE,
      data: "read-write",
      cache: true,
      routes: [{ host: "app.example.com" }],
      dockerApi: { allow: ["GET /_ping"] },
    },
  },
};

/** The view of a stack that is right, from its real plan. */
export const happyResources = once(async () => {
  const { resources } = await record(() => new HardenedStack(configOf(CONFIG, "prod")), "prod");
  return resources;
});

export const happyView = once(async (): Promise<StackView> => viewOfResources(FACTS, await happyResources()));

export const API = "rampart-prod-api";

/** The view with one container changed. */
export function withContainer(view: StackView, change: Partial<ContainerView>, resource = API): StackView {
  return {
    ...view,
    containers: view.containers.map((container) =>
      container.resource === resource ? { ...container, ...change } : container,
    ),
  };
}

export function withNetwork(view: StackView, name: string, change: Partial<NetworkView>): StackView {
  return {
    ...view,
    networks: view.networks.map((network) => (network.name === name ? { ...network, ...change } : network)),
  };
}

export function withVolume(view: StackView, resource: string, change: Partial<VolumeView>): StackView {
  return {
    ...view,
    volumes: view.volumes.map((volume) => (volume.resource === resource ? { ...volume, ...change } : volume)),
  };
}
