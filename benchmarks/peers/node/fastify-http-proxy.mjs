// Fastify's reverse proxy, over undici. `node fastify-http-proxy.mjs PORT UPSTREAM_PORT`
import proxy from '@fastify/http-proxy'
import Fastify from 'fastify'

const [port, upstreamPort] = process.argv.slice(2).map(Number)
const app = Fastify({ logger: false, keepAliveTimeout: 600_000 })
app.register(proxy, { upstream: `http://127.0.0.1:${upstreamPort}`, undici: { connections: 256 } })
await app.listen({ port, host: '127.0.0.1' })
