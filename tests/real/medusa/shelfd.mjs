// The real shelfd and its lab: a sheet, a Shopify and a WooCommerce shop beside the Medusa shop.
import { execFile, execFileSync, spawn } from "node:child_process"
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { freePort, pause, start, stop, webhookSecret, work } from "./engine.mjs"

const binary = process.env.SHELFD

export function snippet(project) {
  execFileSync(binary, ["webhooks", "snippet", "medusa", "--into", project], { stdio: "pipe" })
}

export class Lab {
  async start() {
    this.home = join(work, "shelfd")
    rmSync(this.home, { recursive: true, force: true })
    mkdirSync(this.home, { recursive: true })
    this.child = spawn(binary, ["lab", "--no-quota", "--write-config", this.home], { stdio: ["ignore", "pipe", "ignore"] })
    this.child.ended = new Promise((resolve) => this.child.once("exit", resolve))
    for await (const line of createInterface({ input: this.child.stdout })) {
      this.world = JSON.parse(line)
      return
    }
    throw new Error("shelfd lab printed nothing")
  }

  async call(method, path, body) {
    const answer = await fetch(this.world.control + path, {
      method,
      headers: { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
    const value = await answer.json()
    if (!answer.ok) throw new Error(`lab: ${method} ${path}: ${value.error}`)
    return value
  }

  edit(key, header, value) {
    return this.call("POST", "/sheet/edit", { key, header, value: String(value) })
  }

  state() {
    return this.call("GET", "/state?grid=false")
  }

  async row(key) {
    return (await this.state()).rows.find((row) => row.key === key)
  }

  stop() {
    return stop(this.child)
  }
}

export class Shelfd {
  constructor(lab) {
    this.lab = lab
    this.config = join(lab.home, "shelfd.toml")
  }

  /** The shop must know where to deliver to before it starts. */
  async choosePorts() {
    this.listener = await freePort()
    this.admin = await freePort()
  }

  /** Ports of our own, and the Medusa shop beside the lab's two. */
  configure(url, key) {
    writeFileSync(join(this.lab.home, "medusa-key"), key)
    writeFileSync(join(this.lab.home, "medusa-webhook-secret"), webhookSecret)
    const file = (name) => `{ file = ${JSON.stringify(join(this.lab.home, name))} }`
    const text = readFileSync(this.config, "utf8").replaceAll("127.0.0.1:8080", `127.0.0.1:${this.listener}`)
    const shop = [
      "", "[[shops]]", 'name = "medusa"', 'kind = "medusa"', `url = "${url}"`, `api_key = ${file("medusa-key")}`,
      `webhook_secret = ${file("medusa-webhook-secret")}`, "",
    ]
    writeFileSync(this.config, text.replaceAll("127.0.0.1:9090", `127.0.0.1:${this.admin}`) + shop.join("\n"))
  }

  get webhook() {
    return `http://127.0.0.1:${this.listener}/webhooks/medusa`
  }

  /** A command to its end: its code and what it printed. */
  once(...args) {
    return new Promise((resolve) => {
      const ended = (error, out, err) => resolve({ code: error ? error.code : 0, out, err })
      execFile(binary, [...args, "--config", this.config], ended)
    })
  }

  async start() {
    this.child = start("shelfd", binary, ["run", "--config", this.config])
    for (let tries = 0; tries < 100; tries++) {
      if (this.child.exitCode !== null) throw new Error("shelfd ended; see shelfd.log")
      // Anything but a refused connection says that it listens.
      const answer = await fetch(this.webhook, { method: "POST" }).catch(() => null)
      if (answer) return
      await pause(100)
    }
    throw new Error("shelfd does not listen; see shelfd.log")
  }

  stop(signal) {
    return stop(this.child, signal)
  }
}
