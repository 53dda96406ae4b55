/**
 * As much of Socket.IO 5 over Engine.IO 4 as our pages need: one WebSocket, one namespace, JSON events, attachments
 * of bytes, acks both ways, reconnect.
 *
 * Engine.IO packets begin with a digit (0 open, 2 ping, 3 pong, 4 message); a message begins with the Socket.IO
 * packet's digit (0 connect, 1 disconnect, 2 event, 3 ack, 4 connect error, 5 event with attachments), then the number
 * of attachments and a dash, the namespace and a comma, the ack's id, the content. Attachments follow as binary frames.
 */

const FIRST_PAUSE = 500; // ms before the first new try; each further one waits twice as long
const LONGEST_PAUSE = 10_000;
const FINAL = new Set(["UNAUTHORIZED", "FORBIDDEN"]); // asking again with the same token would be refused again
const MESSAGE = /^(\d)(?:(\d+)-)?(?:\/[^,]*,)?(\d*)(.*)$/s;

export class LiveSocket extends EventTarget {
  #answers = new Map(); // ack id -> who waits for it
  #asked = 0;
  #auth;
  #namespace;
  #partial = null; // an event whose attachments are still to come
  #patience = { pingInterval: 25_000, pingTimeout: 20_000 }; // ms, until the server says its own
  #pause = FIRST_PAUSE;
  #refused = false;
  #silence = 0;
  #socket = null;

  /**
   * @param {() => object} auth gives the `auth` object of each connect
   * @param {string} namespace
   */
  constructor(auth, namespace = "/") {
    super();
    this.#auth = auth;
    this.#namespace = namespace === "/" ? "" : `${namespace},`;
  }

  open() {
    this.#refused = false;
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/socket.io/?EIO=4&transport=websocket`);
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }) => this.#receive(data));
    for (const end of ["close", "error"]) {
      socket.addEventListener(end, () => this.#ended(socket)); // not every WebSocket says both
    }
    this.#socket = socket;
  }

  /** Sends an event; gives the content of its ack, or `{ok: false}` when the connection ends before it came. */
  ask(event, data) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return Promise.resolve({ ok: false });
    const id = this.#asked++;
    this.#send("2", id, [event, data]);
    return new Promise((resolve) => { this.#answers.set(id, resolve); });
  }

  #send(type, id, content) {
    this.#socket?.send(`4${type}${this.#namespace}${id}${JSON.stringify(content)}`);
  }

  #receive(packet) {
    this.#expectMore();
    if (typeof packet !== "string") {
      this.#attach(packet);
    } else if (packet[0] === "0") {
      this.#patience = JSON.parse(packet.slice(1));
      this.#send("0", "", this.#auth());
    } else if (packet[0] === "2") {
      this.#socket.send("3");
    } else if (packet[0] === "4") {
      this.#message(...packet.slice(1).match(MESSAGE).slice(1));
    }
  }

  #message(type, attachments, id, json) {
    const content = json ? JSON.parse(json) : null;
    if (type === "0") {
      this.#pause = FIRST_PAUSE;
      this.#tell("state", "live");
    } else if (type === "1") {
      this.#socket.close();
    } else if (type === "2") {
      this.#event(content, id);
    } else if (type === "3") {
      this.#answers.get(Number(id))?.(content[0]);
      this.#answers.delete(Number(id));
    } else if (type === "4") {
      this.#refused = FINAL.has(content?.data?.code);
      if (this.#refused) this.#tell("refused", content.data);
      this.#socket.close();
    } else if (type === "5") {
      this.#partial = { content, id, parts: [], count: Number(attachments) };
    }
  }

  #attach(bytes) {
    if (!this.#partial) return;
    const { content, id, parts, count } = this.#partial;
    parts.push(bytes);
    if (parts.length < count) return;
    this.#partial = null;
    this.#event([content[0], filled(content[1], parts)], id);
  }

  #event([name, detail], id) {
    const socket = this.#socket; // a connection made since knows nothing of this event
    const acknowledge = () => { if (id !== "" && socket === this.#socket) this.#send("3", id, []); };
    this.#tell(name, detail, acknowledge);
  }

  /** A connection that died without a word shows only in its silence. */
  #expectMore() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#socket?.close(), this.#patience.pingInterval + this.#patience.pingTimeout);
  }

  #ended(socket) {
    if (socket !== this.#socket) return;
    this.#socket = this.#partial = null;
    clearTimeout(this.#silence);
    for (const resolve of this.#answers.values()) resolve({ ok: false });
    this.#answers.clear();
    this.#tell("state", this.#refused ? "refused" : "offline");
    if (this.#refused) return;
    setTimeout(() => this.open(), this.#pause * (0.5 + Math.random()));
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
  }

  #tell(event, detail, acknowledge = () => {}) {
    this.dispatchEvent(Object.assign(new CustomEvent(event, { detail }), { acknowledge }));
  }
}

/** The content with its attachments where their placeholders are. */
function filled(content, parts) {
  return Object.fromEntries(
    Object.entries(content).map(([name, value]) => [name, value?._placeholder ? parts[value.num] : value]));
}
