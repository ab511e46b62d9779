// One line per case, the count at the end, and the evidence for docs/conformance.md.
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"

let number = 0
let failed = 0

/** One case: it fails when `work` throws. */
export async function ok(what, work) {
  number += 1
  const started = Date.now()
  try {
    const words = await work()
    const took = ((Date.now() - started) / 1000).toFixed(1)
    console.log(`ok ${number} ${what}${words ? ` (${words})` : ""} [${took} s]`)
  } catch (error) {
    failed += 1
    console.log(`not ok ${number} ${what}: ${error.message.replaceAll("\n", "\n    ")}`)
  }
}

export function same(what, found, wanted) {
  const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)]
  if (a !== b) throw new Error(`${what}: ${a}, not ${b}`)
}

export function holds(what, is) {
  if (!is) throw new Error(what)
}

/** Ends the suite: true when nothing failed. */
export function finish(calls) {
  const cases = number
  console.log(`${cases - failed} passed, ${failed} failed`)
  if (process.env.EVIDENCE_DIR) {
    const evidence = {
      system: "Medusa 2",
      kind: "real engine",
      evidence: "@medusajs/medusa",
      version: "2.21.2",
      cases,
      passed: cases - failed,
      calls: [...calls].sort(),
      differs: [],
    }
    mkdirSync(process.env.EVIDENCE_DIR, { recursive: true })
    writeFileSync(join(process.env.EVIDENCE_DIR, "real-medusa.json"), `${JSON.stringify(evidence, null, 1)}\n`)
  }
  return failed === 0
}
