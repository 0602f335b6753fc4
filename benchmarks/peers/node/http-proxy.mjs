// Node's http-proxy with connections kept alive. `node http-proxy.mjs PORT UPSTREAM_PORT`
import { Agent } from 'node:http'
import httpProxy from 'http-proxy'

const [port, upstreamPort] = process.argv.slice(2).map(Number)
const agent = new Agent({ keepAlive: true, maxSockets: Infinity })
const server = httpProxy.createProxyServer({ target: `http://127.0.0.1:${upstreamPort}`, agent })
server.on('error', (_, __, response) => response.writeHead?.(502).end())
server.listen(port, '127.0.0.1')
