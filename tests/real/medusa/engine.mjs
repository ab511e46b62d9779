// The engine: Medusa from npm, and a PostgreSQL of its own on a loopback port. Everything lives in WORK.
import { execFileSync, spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { chmodSync, cpSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const here = dirname(fileURLToPath(import.meta.url))
export const work = process.env.WORK
export const project = join(work, "app")
export const logs = join(work, "logs")
export const webhookSecret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

/** Runs to its end; its words go to a log. */
export function run(name, command, args, options = {}) {
  const log = openSync(join(logs, `${name}.log`), "a")
  try {
    execFileSync(command, args, { stdio: ["ignore", log, log], ...options })
  } catch (error) {
    throw new Error(`${command} ${args.slice(0, 2).join(" ")} failed (${error.status}); see ${logs}/${name}.log`)
  }
}

/** Starts in the background; its words go to a log. */
export function start(name, command, args, options = {}) {
  const log = openSync(join(logs, `${name}.log`), "a")
  const child = spawn(command, args, { stdio: ["ignore", log, log], ...options })
  child.ended = new Promise((resolve) => child.once("exit", (code, signal) => resolve(signal ?? code)))
  return child
}

export async function stop(child, signal = "SIGTERM") {
  if (!child || child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  const late = setTimeout(() => child.kill("SIGKILL"), 20_000)
  await child.ended
  clearTimeout(late)
}

/** The packages, kept between runs as long as package.json is the same. */
export function install() {
  mkdirSync(logs, { recursive: true })
  mkdirSync(project, { recursive: true })
  const wanted = readFileSync(join(here, "package.json"))
  const stamp = createHash("sha256").update(wanted).digest("hex")
  const mark = join(project, ".installed")
  if (existsSync(mark) && readFileSync(mark, "utf8") === stamp) return false
  rmSync(join(project, "node_modules"), { recursive: true, force: true })
  rmSync(join(project, "package-lock.json"), { force: true })
  writeFileSync(join(project, "package.json"), wanted)
  run("npm", "npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: project })
  writeFileSync(mark, stamp)
  return true
}

/** A project as a merchant has it, without any code of its own. */
export function layOut() {
  rmSync(join(project, "src"), { recursive: true, force: true })
  for (const folder of ["api", "jobs", "links", "modules", "scripts", "subscribers", "workflows"]) {
    mkdirSync(join(project, "src", folder), { recursive: true })
  }
  cpSync(join(here, "medusa-config.js"), join(project, "medusa-config.js"))
  cpSync(join(here, "tsconfig.json"), join(project, "tsconfig.json"))
}

export class Postgres {
  async start() {
    this.port = await freePort()
    this.home = join(work, "pg")
    rmSync(this.home, { recursive: true, force: true })
    mkdirSync(this.home, { recursive: true })
    chmodSync(this.home, 0o777)
    // What is lost when the whole machine dies is of no interest here.
    const options = `-c listen_addresses=127.0.0.1 -p ${this.port} -k ${this.home} -c fsync=off -c max_connections=60`
    this.as("initdb", ["-D", `${this.home}/data`, "-A", "trust", "-U", "postgres", "--no-sync"])
    this.as("pg_ctl", ["-D", `${this.home}/data`, "-w", "-l", `${this.home}/log`, "-o", options, "start"])
    this.as("psql", ["-h", "127.0.0.1", "-p", String(this.port), "-U", "postgres", "-c", "create database medusa"])
    this.url = `postgres://postgres@127.0.0.1:${this.port}/medusa`
  }

  /** PostgreSQL refuses to run as root, so there it runs as its own user. */
  as(program, args) {
    const path = execFileSync("sh", ["-c", `command -v ${program}`], { encoding: "utf8" }).trim()
    const options = { cwd: this.home }
    if (process.getuid() === 0) run("postgres", "setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", path, ...args], options)
    else run("postgres", path, args, options)
  }

  query(text) {
    const args = ["-h", "127.0.0.1", "-p", String(this.port), "-U", "postgres", "-d", "medusa", "-At", "-c", text]
    return execFileSync("psql", args, { encoding: "utf8" }).trim()
  }

  stop() {
    if (this.url) this.as("pg_ctl", ["-D", `${this.home}/data`, "-m", "fast", "-w", "stop"])
  }
}

export class Medusa {
  constructor(postgres, webhookUrl) {
    this.env = {
      ...process.env,
      DATABASE_URL: postgres.url,
      MEDUSA_DISABLE_TELEMETRY: "1",
      NODE_ENV: "development",
      SHELFD_WEBHOOK_URL: webhookUrl,
      SHELFD_WEBHOOK_SECRET: webhookSecret,
    }
    this.command = join(project, "node_modules/.bin/medusa")
  }

  once(...args) {
    run("medusa-once", process.execPath, [this.command, ...args], { cwd: project, env: this.env })
  }

  async start() {
    this.port ??= await freePort()
    this.url = `http://127.0.0.1:${this.port}`
    const args = [this.command, "start", "-H", "127.0.0.1", "-p", String(this.port)]
    this.child = start("medusa", process.execPath, args, { cwd: project, env: this.env })
    for (let tries = 0; tries < 240; tries++) {
      if (this.child.exitCode !== null) throw new Error(`Medusa ended; see ${logs}/medusa.log`)
      const answer = await fetch(`${this.url}/health`).catch(() => null)
      if (answer?.ok) return
      await pause(250)
    }
    throw new Error(`Medusa did not come up; see ${logs}/medusa.log`)
  }

  stop(signal) {
    return stop(this.child, signal)
  }
}
