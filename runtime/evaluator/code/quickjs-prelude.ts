/**
 * Runs once in every QuickJS context: timers, `__run`. A request is JSON text, so no host object crosses the border. Values that carry
 * a text print as that text (`JSON.parse(input)` works on a value that a pipeline hands over).
 */
export const PRELUDE = `
(() => {
  "use strict";
  const print = globalThis.__print, startTimer = globalThis.__startTimer, stopTimer = globalThis.__stopTimer;
  delete globalThis.__print; delete globalThis.__startTimer; delete globalThis.__stopTimer;
  const { parse, stringify } = JSON;
  const callbacks = new Map();
  let lastTimer = 0;
  const schedule = (callback, delay, args, repeat) => {
    const id = ++lastTimer;
    callbacks.set(id, { callback, delay, args, repeat });
    startTimer(id, Number(delay) || 0);
    return id;
  };
  const cancel = id => { if (callbacks.delete(id)) stopTimer(id); };
  const hidden = (name, value) => Object.defineProperty(globalThis, name, { value, enumerable: false, configurable: false, writable: false });
  hidden("__fireTimer", id => {
    const timer = callbacks.get(id);
    if (timer === undefined) return;
    if (timer.repeat) startTimer(id, Number(timer.delay) || 0); else callbacks.delete(id);
    timer.callback(...timer.args);
  });
  globalThis.setTimeout = (callback, delay, ...args) => schedule(callback, delay, args, false);
  globalThis.setInterval = (callback, delay, ...args) => schedule(callback, delay, args, true);
  globalThis.clearTimeout = cancel;
  globalThis.clearInterval = cancel;
  globalThis.queueMicrotask = callback => { Promise.resolve().then(callback); };
  globalThis.global = globalThis;
  const consoleFor = id => {
    const level = name => (...values) => print(id, name, ...values);
    return { log: level("log"), info: level("log"), debug: level("log"), error: level("error"), warn: level("warn"), trace: level("error") };
  };
  globalThis.console = consoleFor(0);
  const AsyncFunction = (async () => {}).constructor;
  const make = (names, body) => {
    try { return new Function(...names, body); } catch (error) {
      try { return new AsyncFunction(...names, body); } catch { throw error; }
    }
  };
  const hide = (target, name, given) => {
    if (!Object.hasOwn(target, name)) Object.defineProperty(target, name, { value: given, enumerable: false, configurable: true, writable: true });
  };
  const addText = (value, text) => {
    hide(value, "toString", () => text);
    hide(value, "text", text);
    hide(value, "data", value);
    hide(value, "type", Array.isArray(value) ? "array" : "object");
    for (const name of Object.getOwnPropertyNames(String.prototype)) {
      if (!(name in value) && typeof text[name] === "function") hide(value, name, (...args) => text[name](...args));
    }
  };
  const withText = entry => {
    if (entry === null) return undefined;
    const { value, text } = entry;
    if (typeof text === "string" && typeof value === "object" && value !== null) {
      addText(value, text);
    }
    return value;
  };
  const encode = value => {
    if (value === undefined || typeof value === "function" || typeof value === "symbol") return "u";
    if (typeof value === "number" && !Number.isFinite(value)) return "n" + value;
    return "j" + stringify(value, (_key, item) => typeof item === "bigint" ? String(item) : item instanceof Map ? Object.fromEntries(item) : item instanceof Set ? [...item] : item);
  };
  hidden("__run", async text => {
    const request = parse(text);
    const ambient = ["console", "mx", ...request.functions.map(f => f.name)];
    const values = [consoleFor(request.console), request.context];
    const functions = request.functions.map(f => (...args) => {
      const visible = ambient.filter(name => !f.parameters.includes(name));
      return make([...visible, ...f.parameters], f.source)(...visible.map(name => values[ambient.indexOf(name)]), ...args);
    });
    values.push(...functions);
    const visible = ambient.filter(name => !request.names.includes(name));
    const run = new AsyncFunction(...visible, ...request.names, request.body);
    return encode(await run(...visible.map(name => values[ambient.indexOf(name)]), ...request.values.map(withText)));
  });
})()
`;
