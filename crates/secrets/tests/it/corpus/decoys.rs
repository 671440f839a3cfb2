//! Lines that only look like secrets, each behind the name of the file that it stands in.

/// What people write where secrets would be, and what looks random and is not secret.
pub(crate) const DECOYS: &str = r#"
a.env | AWS_ACCESS_KEY_ID=%AWSEXAMPLE%
a.env | API_KEY=your-api-key-here
a.env | API_TOKEN=<your-token>
a.env | SECRET_KEY=changeme
a.env | DB_PASSWORD=${DB_PASSWORD}
a.env | DB_PASS=$(cat /run/secrets/db_pass)
a.env | DB_PASSWORD_FILE=/run/secrets/db_password_1
a.env | TOKEN=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
a.env | SESSION_SECRET=
a.env | GITHUB_TOKEN=ghp_%WRONG%
a.env | GITHUB_TOKEN=ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
a.env | NPM_TOKEN=npm_%WRONG%
a.env | STRIPE_KEY=sk_live_XXXXXXXXXXXXXXXXXXXXXXXX
a.env | PASSWORD_MIN_LENGTH=12
a.env | TOKEN_EXPIRY=3600s
a.env | DATABASE_URL=postgres://user:password@localhost:5432/app
a.env | DATABASE_URL=postgres://${DB_USER}:${DB_PASS}@db/app
a.env | REDIS_URL=redis://localhost:6379/0
a.env | BUILD_COMMIT=%SHA1%
a.env | IMAGE_DIGEST=sha256:%SHA256%
a.env | TRACE_ID=%MD5%
a.env | CLIENT_ID=%UUID%
a.env | PUBLIC_KEY=%PUBLIC%
b.yaml | password: "{{ vault_db_password }}"
b.yaml | password: !vault secret/data/db
b.yaml | secretName: app-database-credentials-v2
b.yaml | secretKeyRef: {name: db-credentials, key: password-2}
b.yaml | token: ""
b.yaml | image: registry.corp.net/app@sha256:%SHA256%
b.yaml | checksum/secret: %SHA256%
b.yaml | description: the password must be at least 12 characters
b.yaml | tokenUrl: https://login.corp.net/oauth2/v2/token
b.yaml | api_key: REPLACE_ME_WITH_KEY_1
b.yaml | auth_token: !Ref AuthTokenParameter1
b.yaml | password: ENC[AES256_GCM,data:abcdefg1,type:str]
c.py | password = os.environ["DB_PASSWORD"]
c.py | password = get_password(user, realm=1)
c.py | token = request.headers.get("X-Auth-Token-V2")
c.py | self.assertEqual(token, expected_token_1)
c.py | def login(username, password=None, token=None):
c.py | PASSWORD_RE = re.compile(r"^(?=.*[A-Z])(?=.*[0-9]).{8,}$")
c.py | AWS_KEY_RE = "AKIA[0-9A-Z]{16}"
c.py | GITHUB_RE = "ghp_[a-zA-Z0-9]{36}"
c.py | PEM_HEADER = "-----%BEGIN% RSA PRIVATE KEY-----"
c.py | secret_name = "prod/app/database-1"
c.py | SECRET_ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-Ab12Cd"
c.py | token_type = "urn:ietf:params:oauth:token-type:access_token_2"
c.py | password_hash = hashlib.sha256(password.encode()).hexdigest()
c.py | api_key = settings.EXTERNAL_API_KEY_V2
c.py | cache_key = "user:profile:%MD5%"
c.py | commit_token = "%SHA1%"  # sha1 of the commit
c.py | next_page_token = "CAEQ%MD5%"
d.js | const sentryPublicKey = "%MD5%";
d.js | "buildToken": "%SHA1%",
d.js | const password = document.getElementById("password1").value;
d.js | const token = localStorage.getItem('auth_token_v2');
d.js | passwordPlaceholder: "Enter your password",
d.js | apiKey: process.env.API_KEY_2,
d.js | "resetPasswordToken": "resetPasswordToken1",
d.js | const csrfToken = "{{ csrf_token }}";
d.js | if (password !== password2) { throw new Error("Passwords don't match 1"); }
d.js | const icon = "data:image/png;base64,%IMAGE%";
d.js | export const SECRET_QUESTION_LABEL = "What was your first pet's name?";
d.js | var a={token:function(e){return e.token1},secret:n(412)};
d.js | setPassword(event.target.value2)
e.json | "password": "Passwort vergessen?",
e.json | "token": "Jeton d'authentification n°1",
e.json | "passwordTooShort": "Password must have 8+ characters",
e.json | "sha": "%SHA1%",
e.json | "secret": "SECRET_KEY_BASE_NAME_1",
e.json | "api_key": "API-KEY-PLACEHOLDER-0001",
e.json | "id": "%UUID%",
e.json | "access_token": "ACCESS_TOKEN_GOES_HERE",
f.md | Set `password=hunter2example` in the example below.
f.md | curl -u username:password https://api.example.com
f.md | curl -H "Authorization: Bearer <token>" https://api.example.com
f.md | export VAULT_TOKEN="s.xxxxxxxxxxxxxxxxxxxxxxxx"
f.md | mongodb://user:pass@host:27017/db
f.md | https://user:password@example.com/path
f.md | The token is sent as `Authorization: Bearer $TOKEN`.
g.xml | <password>${env.MAVEN_PASSWORD}</password>
g.xml | <add key="PasswordPolicy" value="MinLength8" />
g.xml | <input type="password" name="password1" id="password-field-1"/>
g.xml | <label for="token">Access token 1</label>
h.sh | read -s -p "Password: " PASSWORD
h.sh | PASSWORD="$1"
h.sh | TOKEN=$(vault read -field=token secret/ci1)
h.sh | mysql -u root -p"$MYSQL_ROOT_PASSWORD" app
h.sh | sshpass -p "$PASS" ssh host
h.sh | echo "$REGISTRY_PASSWORD" | docker login -u bot --password-stdin
h.sh | sha256sum -c <<< "%SHA256%  file"
i.tf | password = var.db_password_1
i.tf | secret_id = aws_secretsmanager_secret.db1.id
i.tf | token = data.vault_generic_secret.ci1.data["token"]
i.tf | master_password = random_password.master1.result
j.go | var ErrInvalidToken = errors.New("invalid token 401")
j.go | token := r.Header.Get("X-Token-1")
j.go | Password string `json:"password" validate:"min=8"`
j.go | const tokenPrefix = "glpat-"
k.java | private static final String PASSWORD_KEY = "app.security.password.key1";
k.java | String token = tokenService.createToken(user1);
k.java | @Value("${app.api.key.v1}") private String apiKey;
l.pem | -----%BEGIN% PUBLIC KEY-----
l.pem | %PUBLIC%
l.pem | -----END PUBLIC KEY-----
l.pem | -----%BEGIN% RSA PRIVATE KEY-----
l.pem | <paste your key here>
l.pem | -----END RSA PRIVATE KEY-----
m.lock | checksum = "%SHA256%"
m.lock | source = "git+https://github.com/corp/lib?rev=%SHA1%#%SHA1%"
n.css | .password-toggle--visible-1 { content: "token1"; }
"#;
