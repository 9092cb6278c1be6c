import { bar, containerBox, joint, label, line, middle, outsideBox, picture, type Box } from "./drawing";
import type { Markup } from "./html";
import { describeTopology, edgeNote, type Node, type Topology } from "./topology";

const ID = "tall";
const WIDTH = 358;
const HEIGHT = 50;
const GAP = 12;
const BOX = { x: 42, width: 274 };
const BAR = 6;
/** Networks are rails: that of the edge on the left, the others on the right. */
const PROXY = 12;
const INTERNAL = 330;
const EGRESS = 347;

interface Placed {
  readonly node: Node;
  readonly box: Box;
}

/** From top to bottom, for a narrow screen. */
export function tallPicture(topology: Topology): Markup {
  const { edge, programs, data, dockerApi } = topology;
  let y = 4;
  const place = (height = HEIGHT): Box => {
    const box = { ...BOX, y, height };
    y += height + GAP;
    return box;
  };
  const internet = place(36);
  y += 10;
  const edgeBox = place();
  y += 18;
  const sockets: Markup[] = [];
  const placed = [...programs, ...data].map((node): Placed => {
    const box = place();
    for (const { permissions } of dockerApi.filter(
      ({ consumer }) => node.component === "service" && consumer === node.name,
    )) {
      y += 4;
      const proxy: Box = { x: BOX.x + 28, y, width: BOX.width - 28, height: HEIGHT };
      y += HEIGHT + GAP;
      sockets.push(
        line(
          [
            [BOX.x + 14, box.y + box.height],
            [BOX.x + 14, middle(proxy)],
            [proxy.x - 3, middle(proxy)],
          ],
          "danger",
          `${ID}-danger`,
        ),
        containerBox(
          proxy,
          "socket-proxy",
          "socket proxy",
          `to the Docker socket: ${permissions} ${permissions === 1 ? "request" : "requests"}`,
        ),
      );
    }
    return { node, box };
  });
  const on = (name: string): Box[] => placed.filter(({ node }) => node.networks.includes(name)).map(({ box }) => box);
  const labelY = edgeBox.y + edgeBox.height + 16;
  const leaving = on("egress");
  const out = leaving.length === 0 ? undefined : place(36);
  const x = BOX.x + BOX.width / 2;
  return picture(ID, { left: 0, width: WIDTH, height: y }, describeTopology(topology), [
    outsideBox({ ...internet, x: 112, width: 134 }, topology.outside),
    line(
      [
        [x, internet.y + internet.height],
        [x, edgeBox.y - 3],
      ],
      "plain",
      `${ID}-plain`,
    ),
    label({ x: x + 10, y: edgeBox.y - 9, anchor: "start" }, edge.ports.join(", "), "port"),
    ...rail({ x: PROXY, name: "proxy", labelY }, [edgeBox, ...on("proxy")]),
    ...rail({ x: INTERNAL, name: "internal", labelY }, on("internal")),
    ...(out === undefined ? [] : exit(leaving, out)),
    containerBox(edgeBox, "edge", "gateway", edgeNote(topology)),
    ...placed.map(({ node, box }) => containerBox(box, node.component, node.name, node.note)),
    ...sockets,
  ]);
}

interface Rail {
  readonly x: number;
  readonly name: string;
  readonly labelY: number;
}

function rail({ x, name, labelY }: Rail, members: readonly Box[]): Markup[] {
  if (members.length === 0) return [];
  const rows = members.map(middle);
  const [top, end] = [Math.min(...rows) - 12, Math.max(...rows) + 12];
  return [
    ...members.map((box) => {
      const from = x < box.x ? box.x : box.x + box.width;
      return line(
        [
          [from, middle(box)],
          [x + BAR / 2, middle(box)],
        ],
        "network",
      );
    }),
    bar({ x, y: top, width: BAR, height: end - top }, "internal"),
    ...members.map((box) => joint(x + BAR / 2, middle(box), "network")),
    label(
      x < BOX.x ? { x: x + 14, y: labelY, anchor: "start" } : { x: x - 8, y: labelY, anchor: "end" },
      name,
      "network",
    ),
  ];
}

function exit(leaving: readonly Box[], out: Box): Markup[] {
  return [
    ...leaving.flatMap((box) => [
      line(
        [
          [box.x + box.width, middle(box) + 14],
          [EGRESS, middle(box) + 14],
          [EGRESS, middle(out)],
          [250, middle(out)],
        ],
        "open",
        `${ID}-open`,
      ),
      joint(box.x + box.width, middle(box) + 14, "open"),
    ]),
    label({ x: EGRESS - 8, y: middle(out) - 7, anchor: "end" }, "egress", "open"),
    outsideBox({ ...out, x: 112, width: 134 }, "internet"),
  ];
}
