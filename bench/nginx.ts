import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { publicName } from './certificates.ts'
import type { HopTask } from './transports.ts'

/** `nginx/1.22.1` where it is installed. */
export const nginxVersion = (): string | undefined => {
  const { stderr, error } = spawnSync('nginx', ['-v'], { encoding: 'utf8' })
  return error ? undefined : /nginx\/[\d.]+/.exec(stderr)?.[0]
}

/**
 * Arguments for an nginx in one process, in the foreground. One worker, keep-alive both ways, no access log; it does not check
 * the backend's name, which a SPIFFE certificate has not got: a cost per connection, not per request.
 */
export const nginxArguments = ({ front, back, port, backend, certificates }: HopTask): string[] => {
  const file = (name: string) => join(certificates, name)
  const tlsFront =
    front === 'tls' ? `ssl_certificate ${file('public.pem')}; ssl_certificate_key ${file('public.key')};` : ''
  const own = `proxy_ssl_certificate ${file('edge.pem')}; proxy_ssl_certificate_key ${file('edge.key')};`
  const config = `
daemon off; master_process off; worker_processes 1; pid ${file(`nginx-${port}.pid`)}; error_log stderr crit;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 1000000; ssl_protocols TLSv1.2 TLSv1.3; tcp_nodelay on;
  client_body_temp_path ${file('nginx-body')}; proxy_temp_path ${file('nginx-proxy')};
  fastcgi_temp_path ${file('nginx-f')}; uwsgi_temp_path ${file('nginx-u')}; scgi_temp_path ${file('nginx-s')};
  upstream backend { server 127.0.0.1:${backend}; keepalive 64; keepalive_requests 1000000; }
  server {
    listen 127.0.0.1:${port}${front === 'tls' ? ' ssl' : ''}; server_name ${publicName}; ${tlsFront}
    location / {
      proxy_pass ${back === 'plain' ? 'http' : 'https'}://backend; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Host $host;
      proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Request-Id $request_id;
      proxy_ssl_protocols TLSv1.3; proxy_ssl_server_name off; ${back === 'mtls' ? own : ''}
    }
  }
}`
  const path = file(`nginx-${port}.conf`)
  writeFileSync(path, config)
  return ['-p', certificates, '-c', path]
}
