import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { bytesOf, followPull, layersAfter, type Layers, type PullBytes } from "../../engine/pull-progress";

const DIGEST = `sha256:${"ab".repeat(32)}`;
const IMAGE = `registry.example.com:5000/me/web:1.4@${DIGEST}`;

const message = (id: string, status: string, current?: number, total?: number): string =>
  JSON.stringify({ id, status, ...(current === undefined ? {} : { progressDetail: { current, total } }) });
const after = (...lines: string[]): PullBytes =>
  bytesOf(lines.reduce<Layers>((layers, line) => layersAfter(layers, line), new Map()));

describe("the bytes of a pull", () => {
  test("are those of all layers; how many there will be is known once each has begun", () => {
    const begun = [message("a", "Pulling fs layer"), message("b", "Waiting"), message("a", "Downloading", 10, 40)];
    expect(after(...begun)).toEqual({ received: 10, total: 0 });
    expect(after(...begun, message("b", "Downloading", 5, 60))).toEqual({ received: 15, total: 100 });
  });

  test("are all there once a layer is checked and unpacked", () => {
    const layer = message("a", "Downloading", 10, 40);
    for (const status of ["Verifying Checksum", "Download complete", "Pull complete"])
      expect(after(layer, message("a", status))).toEqual({ received: 40, total: 40 });
    // What is unpacked has other sizes.
    expect(after(layer, message("a", "Extracting", 3, 1000))).toEqual({ received: 40, total: 40 });
  });

  test("leave out a layer that was there before, or came too fast to be seen", () => {
    expect(after(message("a", "Already exists"), message("b", "Downloading", 1, 2))).toEqual({ received: 1, total: 2 });
    expect(after(message("a", "Pulling fs layer"), message("a", "Download complete"))).toEqual({
      received: 0,
      total: 0,
    });
  });

  test("may have no end that is known", () => {
    expect(after(message("a", "Downloading", 7, -1))).toEqual({ received: 7, total: 0 });
  });

  test("do not change by what is no layer's", () => {
    const layers: Layers = new Map();
    for (const line of ["", "{", "null", '{"status":"Digest: sha256:ab"}', message("1.4", "Pulling from me/web")])
      expect(layersAfter(layers, line)).toBe(layers);
  });
});

describe("a pull that is followed", () => {
  /** An engine that answers as it is told; gives what it was asked. */
  async function engine(answer: (request: IncomingMessage, response: ServerResponse) => void) {
    const server = createServer(answer).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as AddressInfo;
    const stop = async (): Promise<void> => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    };
    return { dial: () => connect(port, "127.0.0.1"), stop };
  }

  test("asks the engine for the same image, and tells what it says", async () => {
    const asked: (string | undefined)[] = [];
    const { dial, stop } = await engine((request, response) => {
      asked.push(request.method, request.url);
      response.end(`${message("a", "Downloading", 1, 4)}\r\n${message("a", "Pull complete")}\r\n`);
    });
    const told: PullBytes[] = [];
    await new Promise<void>((resolve) =>
      followPull({ dial }, IMAGE, (bytes) => {
        told.push(bytes);
        if (told.length === 2) resolve();
      }),
    );
    await stop();
    const tag = encodeURIComponent(DIGEST);
    expect(asked).toEqual([
      "POST",
      `/images/create?fromImage=${encodeURIComponent("registry.example.com:5000/me/web")}&tag=${tag}`,
    ]);
    expect(told).toEqual([
      { received: 1, total: 4 },
      { received: 4, total: 4 },
    ]);
  });

  test("is left when somebody ends it", async () => {
    let end = (): void => undefined;
    const left = new Promise<void>((resolve) => {
      void engine((request, response) => {
        request.socket.once("close", resolve);
        response.write(`${message("a", "Downloading", 1, 4)}\n`);
      }).then(({ dial, stop }) => {
        end = followPull({ dial }, IMAGE, () => end());
        void left.then(stop);
      });
    });
    await left;
  });

  test("tells nothing where the registry refuses, no engine answers, or the image has no digest", async () => {
    const told = jest.fn();
    const { dial, stop } = await engine(
      (_request, response) => void response.writeHead(404).end('{"message":"denied"}'),
    );
    const over = (open: () => ReturnType<typeof dial>) =>
      new Promise<void>((resolve) => followPull({ dial: () => open().once("close", resolve) }, IMAGE, told));
    await over(dial);
    await stop();
    await over(dial);
    followPull({ dial }, "web:1.4", told)();
    expect(told).not.toHaveBeenCalled();
  });
});
