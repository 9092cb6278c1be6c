import { Images } from "../../components";
import { IMAGE_PINS } from "../../config";
import { imageSlug } from "../../hardening/container/image";
import { DIGEST, IMAGE, record } from "./support";

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
    const recording = await record(() => new Images("rampart-dev-images", { traefik: IMAGE }));
    expect(recording.names).toEqual(["Images rampart-dev-images"]);
  });

  test("knows the pins, and a stack's own in their place", async () => {
    await record(() => {
      const images = new Images("rampart-dev-images", { redis: IMAGE });
      expect(images.reference("redis")).toBe(IMAGE);
      expect(images.reference("postgres")).toBe(IMAGE_PINS.postgres);
    });
  });

  test("names them shortly, and two versions of one image differently", () => {
    expect(imageSlug(IMAGE)).toMatch(/^app-[0-9a-f]{8}$/);
    expect(imageSlug(`a/app:1@${DIGEST}`)).not.toBe(imageSlug(`b/app:1@${DIGEST}`));
    expect(imageSlug("not a reference")).toMatch(/^image-[0-9a-f]{8}$/);
  });
});
