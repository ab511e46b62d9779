// Nothing but what Medusa cannot do without: no admin pages, no Redis.
const { defineConfig } = require("@medusajs/framework/utils")

module.exports = defineConfig({
  admin: { disable: true },
  projectConfig: {
    databaseUrl: process.env.DATABASE_URL,
    http: { jwtSecret: "a-test", cookieSecret: "a-test", storeCors: "", adminCors: "", authCors: "" },
  },
})
