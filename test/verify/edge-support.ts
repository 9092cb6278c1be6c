import { loadConfig, type LoadedConfig } from "../../config";
import { REFUSALS, type Refusal } from "../../hardening/gateway/refusals";
import type { Finding } from "../../verify/check";
import type { EdgeAnswer } from "../../verify/edge/client";

export const told = ({ status, target, evidence }: Finding): string => `${status} ${target}: ${evidence}`;
export const answer = (status: number, body = "", headers: EdgeAnswer["headers"] = {}): EdgeAnswer => ({
  status,
  headers,
  body,
});
/** As the gateway writes it. */
export const refusal = (name: Refusal): EdgeAnswer =>
  answer(REFUSALS[name].status, `${REFUSALS[name].text} (request 1)\n`);

export function config(edge: object = {}, routes: readonly object[] = [{ host: "app.localhost" }]): LoadedConfig {
  const image = `app:1@sha256:${"4f53cda18c2baa0c".repeat(4)}`;
  const values = {
    environment: "dev",
    edge,
    services: { web: { image, port: 8080, healthCheck: { http: "/" }, routes } },
  };
  return loadConfig({ stack: "dev", values, secretKeys: [] });
}
