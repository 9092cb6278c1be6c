import * as pulumi from "@pulumi/pulumi";
import { Images } from "../../components";
import { IMAGE_PINS } from "../../config";
import { imageSlug } from "../../hardening/container/image";
import { configOf, DIGEST, IMAGE, record, recordPlain } from "./support";

describe("Images", () => {
  test("pulls each reference once, by its digest, and keeps it on the engine", async () => {
    const recording = await record(() => {
      const images = new Images("rampart-dev-images", {});
      images.id(IMAGE);
      images.id(IMAGE);
    });
    expect(recording.ofType("RemoteImage").map(({ inputs }) => inputs)).toEqual([{ name: IMAGE, keepLocally: true }]);
    expect(recording.ofType("RemoteImage")[0]).toMatchObject({
      name: `rampart-dev-images-${imageSlug(IMAGE)}`,
      parent: "rampart-dev-images",
      protect: false,
      retainOnDelete: false,
    });
  });

  test("pulls nothing that nobody asked for", async () => {
    const recording = await record(() => new Images("rampart-dev-images", { images: { traefik: IMAGE } }));
    expect(recording.names).toEqual(["Images rampart-dev-images"]);
  });

  test("takes Rampart's pins, or a stack's own in their place", async () => {
    await record(() => {
      const images = new Images("rampart-dev-images", { images: { redis: IMAGE } });
      expect(images.reference("redis")).toBe(IMAGE);
      expect(images.reference("postgres")).toBe(IMAGE_PINS.postgres);
    });
  });

  test("gives an image a short name, and two versions of one image different names", () => {
    expect(imageSlug(IMAGE)).toMatch(/^app-[0-9a-f]{8}$/);
    expect(imageSlug(`a/app:1@${DIGEST}`)).not.toBe(imageSlug(`b/app:1@${DIGEST}`));
    expect(imageSlug("not a reference")).toMatch(/^image-[0-9a-f]{8}$/);
  });

  test("logs in with a provider of its own, and only where there is a login", async () => {
    const values = {
      registries: { "registry.example.com": { username: "acme", password: { config: "token" } } },
      services: { web: { image: IMAGE, port: 3000 } },
    };
    const config = configOf(values, "dev", { token: "ghp_secret-of-the-registry" });
    const recording = await record(() => {
      pulumi.runtime.setAllConfig({ "rampart:token": "ghp_secret-of-the-registry" }, ["rampart:token"]);
      return new Images("rampart-dev-images", config).id(IMAGE);
    });
    const provider = "docker rampart-dev-images-registries";
    expect(recording.ofType("RemoteImage")[0]).toMatchObject({
      provider,
      hooks: { onError: ["rampart-dev-images-pull-failed"] },
    });
    expect(recording.inputs(provider)).toEqual({ registryAuth: "[secret]" });
    const without = await record(() => new Images("rampart-dev-images", {}).id(IMAGE));
    expect(without.ofType("RemoteImage")[0]).toMatchObject({ provider: "" });
  });

  test("gives Docker Hub's login under both of its names", async () => {
    const registries = { "docker.io": { login: "docker" as const }, "ghcr.io": { login: "docker" as const } };
    const created = await recordPlain(() => new Images("rampart-dev-images", { registries }).id(IMAGE));
    const provider = created.find(({ type }) => type === "pulumi:providers:docker");
    expect(provider?.inputs).toEqual({
      registryAuth: JSON.stringify([
        { address: "registry-1.docker.io" },
        { address: "docker.io" },
        { address: "ghcr.io" },
      ]),
    });
  });
});
