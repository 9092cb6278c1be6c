import { z } from "zod";
import { checkedString, matching } from "./fields";
import { secretReference } from "./secret";

/** As it stands in an image's reference; Docker Hub is `docker.io`. */
const registryName = checkedString((value) => {
  if (/^(?:index|registry-1|hub|registry\.hub)\.docker\.(?:io|com)$/.test(value))
    return { allowed: "docker.io for Docker Hub", fix: "write docker.io" };
  return /^(?=.*[.:]|localhost$)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?$/.test(value)
    ? undefined
    : {
        allowed: "a registry's host name in lower case, with its port where it has one",
        fix: "write it as in the image, such as ghcr.io or registry.example.com:5000",
      };
});

/** How the engine logs in to a registry for pulls. */
const registryLogin = z.union(
  [
    z.strictObject({
      username: matching(/^[\x21-\x7e]{1,256}$/, "a user name without blanks", "write the user that may pull"),
      password: secretReference("password"),
    }),
    /** The login of whoever deploys: `docker login` on that machine, credential helpers included. */
    z.strictObject({ login: z.literal("docker") }),
  ],
  "{ username, password: { config: <key> } }, or { login: docker }",
);

export const registries = z.record(registryName, registryLogin).default({});
