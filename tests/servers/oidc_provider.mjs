// The OpenID-certified oidc-provider in the place of Entra: device code, secret and certificate.
// Started with its port and a JSON of {secret, jwk, scopes}; says READY once it listens.
import Provider from 'oidc-provider';

const [port, settings] = process.argv.slice(2);
const { secret, jwk, scopes } = JSON.parse(settings);
const issuer = `https://localhost:${port}/contoso/v2.0`;
const app = { grant_types: ['client_credentials'], redirect_uris: [], response_types: [] };

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'person',
      token_endpoint_auth_method: 'none',
      grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
      redirect_uris: [],
      response_types: [],
    },
    { ...app, client_id: 'by-secret', client_secret: secret,
      token_endpoint_auth_method: 'client_secret_post' },
    { ...app, client_id: 'by-certificate', jwks: { keys: [jwk] },
      token_endpoint_auth_method: 'private_key_jwt' },
  ],
  claims: { openid: ['sub', 'tid'] },
  conformIdTokenClaims: false,
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, tid: 'contoso' }) }),
  issueRefreshToken: () => true,
  rotateRefreshToken: true,
  scopes: ['openid', 'profile', 'offline_access', ...scopes],
  features: { deviceFlow: { enabled: true }, clientCredentials: { enabled: true } },
  cookies: { keys: ['of-a-test'], short: { secure: false }, long: { secure: false } },
});
// kith speaks plain HTTP with this machine where MSAL would have nothing but https.
provider.proxy = true;
provider.use((context, next) => {
  context.req.headers['x-forwarded-proto'] = 'https';
  return next();
});

const { createServer } = await import('node:http');
const inner = provider.callback();
createServer((request, response) => {
  request.originalUrl = request.url;
  request.url = request.url.replace('/contoso/v2.0', '') || '/';
  request.baseUrl = '/contoso/v2.0';
  inner(request, response);
}).listen(Number(port), '127.0.0.1', () => console.log('READY'));
