// Many viewers in one process. Reads one scenario a line on stdin, {url, clients, events, rate}; answers one line each.
//
// They speak Socket.IO over the `ws` package by hand: socket.io-client spends more on a message than either server
// does, so that with it this process would be all that is measured. Every message is checked for its number, one in
// sixteen is parsed for its delay.
import { createInterface } from "node:readline";
import { WebSocket } from "ws";

const HEAD = '42["task_progress",{"n":';

class Viewer {
  constructor(url) {
    this.last = -1;
    this.onEvent = () => {};
    this.ready = new Promise((done) => { this.joined = done; });
    this.socket = new WebSocket(`${url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`);
    this.socket.on("message", (data) => this.receive(data));
  }

  receive(data) {
    if (data[0] === 0x34 && data[1] === 0x32) return this.onEvent(data);
    const text = data.toString();
    if (text[0] === "0") this.socket.send("40");
    else if (text[0] === "2") this.socket.send("3");
    else if (text.startsWith("40")) this.socket.send('420["join_task",{"task_id":17}]');
    else if (text.startsWith("430")) this.joined();
  }
}

function numberIn(data) {
  let n = 0;
  for (let at = HEAD.length; data[at] >= 48 && data[at] <= 57; at++) n = n * 10 + data[at] - 48;
  return n;
}

async function connect(url, clients) {
  const viewers = [];
  while (viewers.length < clients) {
    const some = Array.from({ length: Math.min(50, clients - viewers.length) }, () => new Viewer(url));
    await Promise.all(some.map((viewer) => viewer.ready));
    viewers.push(...some);
  }
  return viewers;
}

async function measure({ events, rate }, viewers) {
  const expected = events * viewers.length;
  const delays = [];
  let received = 0, disordered = 0;
  const finished = new Promise((done) => {
    for (const viewer of viewers) {
      viewer.last = -1;
      viewer.onEvent = (data) => {
        const n = numberIn(data);
        if (n !== viewer.last + 1) disordered++;
        viewer.last = n;
        if (received % 16 === 0) delays.push(Date.now() - JSON.parse(data.toString().slice(2))[1].timestamp * 1000);
        if (++received === expected) done();
      };
    }
  });
  const cpu = process.cpuUsage();
  const began = performance.now();
  viewers[0].socket.send(`421["go",${JSON.stringify({ events, rate })}]`);
  await finished;
  const seconds = (performance.now() - began) / 1000;
  const used = process.cpuUsage(cpu);
  delays.sort((a, b) => a - b);
  const quantile = (q) => delays[Math.min(delays.length - 1, Math.floor(delays.length * q))];
  return { received, disordered, seconds, p50: quantile(0.5), p99: quantile(0.99), client_cpu: (used.user + used.system) / 1e6 };
}

let viewers = [], connectedTo = "";
for await (const line of createInterface({ input: process.stdin })) {
  const scenario = JSON.parse(line);
  const wanted = `${scenario.url} ${scenario.clients}`;
  if (wanted !== connectedTo) {
    for (const viewer of viewers) viewer.socket.close();
    viewers = await connect(scenario.url, scenario.clients);
    connectedTo = wanted;
  }
  console.log(JSON.stringify(scenario.clients ? await measure(scenario, viewers) : {}));
}
