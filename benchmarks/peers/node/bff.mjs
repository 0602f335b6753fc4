// The gateway's work as a Fastify backend-for-frontend: token, decision, list, both cached in memory.
// `node bff.mjs PORT UPSTREAM_PORT`
import { createHash, createPublicKey } from 'node:crypto'
import { createVerifier } from 'fast-jwt'
import Fastify from 'fastify'
import { LRUCache } from 'lru-cache'
import { Pool } from 'undici'

const [port, upstreamPort] = process.argv.slice(2).map(Number)
const HOUR_MS = 3_600_000
const upstream = new Pool(`http://127.0.0.1:${upstreamPort}`, { connections: 256 })
const decisions = new LRUCache({ max: 2_000_000, ttl: HOUR_MS })
const pages = new LRUCache({ max: 2_000_000, ttl: HOUR_MS })
const verify = await makeVerifier()

async function makeVerifier () {
  const answer = await upstream.request({ method: 'GET', path: '/oauth/certs/bench' })
  const key = createPublicKey({ key: await answer.body.json(), format: 'jwk' })
  return createVerifier({
    key: key.export({ type: 'spki', format: 'pem' }),
    algorithms: ['RS256'],
    allowedIss: 'https://auth.ordercloud.io',
    allowedAud: 'https://api.ordercloud.bench',
    cache: 2_000_000,
    cacheTTL: HOUR_MS
  })
}

async function decide (browserId, shopper) {
  const key = browserId ?? shopper
  const known = decisions.get(key)
  if (known !== undefined) return known
  const { statusCode, body } = await upstream.request({
    method: 'POST',
    path: '/v2/callFlows',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({
      clientKey: 'bench', channel: 'WEB', language: 'EN', currencyCode: 'USD', pointOfSale: 'demo',
      friendlyId: 'home_hero', browserId: key, params: {}
    })
  })
  const decision = await body.json()
  if (statusCode !== 200) throw new Error('CDP failed')
  decisions.set(key, decision)
  return decision
}

async function list (authorization, query) {
  const key = `${authorization} ${query}`
  const known = pages.get(key)
  if (known !== undefined) return known
  const { statusCode, body } = await upstream.request({
    method: 'GET',
    path: `/v1/me/products?${query}`,
    headers: { authorization, accept: 'application/json' }
  })
  const bytes = Buffer.from(await body.arrayBuffer())
  if (statusCode !== 200 || !Array.isArray(JSON.parse(bytes).Items)) throw new Error('no list')
  const page = { bytes, etag: `"${createHash('sha1').update(bytes).digest('base64url')}"` }
  pages.set(key, page)
  return page
}

function queryOf (decision, name, search) {
  const query = new URLSearchParams(
    decision.persona === 'vip' ? { categoryID: 'mens-watches', pageSize: '8' } : { categoryID: name }
  )
  if (name.endsWith('24k')) query.set('search', '24k')
  if (search) query.set('search', search)
  return query.toString()
}

const app = Fastify({ logger: false, keepAliveTimeout: 600_000 })
app.get('/placements/:name', async (request, reply) => {
  const { authorization } = request.headers
  const shopper = verify(authorization.slice('Bearer '.length))
  const { browserId, search } = request.query
  const decision = await decide(browserId ?? request.headers['x-browser-id'], shopper.usr)
  const page = await list(authorization, queryOf(decision, request.params.name, search))
  reply.header('etag', page.etag).header('cache-control', 'private, no-cache')
    .header('vary', 'Authorization').type('application/json')
  if (request.headers['if-none-match'] === page.etag) return reply.code(304).send()
  return reply.send(page.bytes)
})
await app.listen({ port, host: '127.0.0.1' })
