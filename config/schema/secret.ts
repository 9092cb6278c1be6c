/** A secret that somebody else issued: where its value is. */
import { z } from "zod";
import { configKey } from "./fields";
import { secretSource } from "./secret-source";

/** @param what it is, for the error */
export const secretReference = (what = "value") =>
  z.union(
    [z.strictObject({ config: configKey }), z.strictObject({ from: secretSource })],
    `{ config: <key> } or { from: { … } }, never the ${what} itself`,
  );

export type SecretReference = z.output<ReturnType<typeof secretReference>>;
