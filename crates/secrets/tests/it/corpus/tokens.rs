use super::random::{
    ALNUM, BASE32, BASE64, HEX, LOWER, Random, UPPER, age_key, base64url, checked, jwt, routable,
};

/// Kinds of tokens that need no name to be known, with the names that they usually have.
pub(crate) fn tokens(r: &mut Random) -> Vec<(&'static str, &'static str, String)> {
    let azure = |r: &mut Random| format!("{}8Q~{}", r.text(ALNUM, 3), r.text(ALNUM, 34));
    let slack_id = |r: &mut Random| r.text("123456789", 12);
    let telegram = format!("{}:AA{}", r.text("123456789", 10), r.text(ALNUM, 33));
    let discord = format!(
        "{}.{}.{}",
        base64url(format!("1{}", r.text("0123456789", 17)).as_bytes()),
        r.text(ALNUM, 6),
        r.text(ALNUM, 38)
    );
    let pypi_body = base64url(&r.bytes(100));
    vec![
        (
            "aws-access-key-id",
            "AWS_ACCESS_KEY_ID",
            format!("AKIA{}", r.text(BASE32, 16)),
        ),
        (
            "aws-secret-access-key",
            "AWS_SECRET_ACCESS_KEY",
            r.text(BASE64, 40),
        ),
        (
            "gcp-api-key",
            "GOOGLE_API_KEY",
            format!("AIza{}", r.text(ALNUM, 35)),
        ),
        (
            "gcp-oauth-client-secret",
            "GOOGLE_CLIENT_SECRET",
            format!("GOCSPX-{}", r.text(ALNUM, 28)),
        ),
        ("azure-client-secret", "AZURE_CLIENT_SECRET", azure(r)),
        (
            "digitalocean-personal-token",
            "DIGITALOCEAN_TOKEN",
            format!("dop_v1_{}", r.text(HEX, 64)),
        ),
        (
            "cloudflare-api-token",
            "CLOUDFLARE_API_TOKEN",
            r.text(ALNUM, 40),
        ),
        (
            "heroku-api-key",
            "HEROKU_API_KEY",
            format!("HRKU-AA{}", r.text(ALNUM, 58)),
        ),
        (
            "alibaba-access-key-id",
            "ALIBABA_ACCESS_KEY_ID",
            format!("LTAI{}", r.text(ALNUM, 20)),
        ),
        ("github-pat", "GITHUB_TOKEN", checked(r, "ghp_")),
        (
            "github-fine-grained-pat",
            "GH_TOKEN",
            format!("github_pat_{}_{}", r.text(ALNUM, 22), r.text(ALNUM, 59)),
        ),
        ("github-oauth-token", "GITHUB_OAUTH", checked(r, "gho_")),
        (
            "github-app-installation-token",
            "GITHUB_APP_TOKEN",
            checked(r, "ghs_"),
        ),
        (
            "gitlab-pat",
            "GITLAB_TOKEN",
            format!("glpat-{}", r.text(ALNUM, 20)),
        ),
        ("gitlab-routable-token", "GITLAB_PAT", routable(r, "glpat-")),
        (
            "gitlab-deploy-token",
            "GITLAB_DEPLOY_TOKEN",
            format!("gldt-{}", r.text(ALNUM, 20)),
        ),
        (
            "gitlab-runner-token",
            "RUNNER_TOKEN",
            format!("glrt-{}", r.text(ALNUM, 20)),
        ),
        (
            "gitlab-pipeline-trigger-token",
            "TRIGGER_TOKEN",
            format!("glptt-{}", r.text(HEX, 40)),
        ),
        ("npm-token", "NPM_TOKEN", checked(r, "npm_")),
        (
            "pypi-token",
            "TWINE_PASSWORD",
            format!("pypi-AgEIcHlwaS5vcmc{pypi_body}"),
        ),
        (
            "rubygems-api-key",
            "GEM_HOST_API_KEY",
            format!("rubygems_{}", r.text(HEX, 48)),
        ),
        (
            "crates-io-token",
            "CARGO_REGISTRY_TOKEN",
            format!("cio{}", r.text(ALNUM, 32)),
        ),
        (
            "docker-hub-pat",
            "DOCKER_PASSWORD",
            format!("dckr_pat_{}", r.text(ALNUM, 27)),
        ),
        (
            "artifactory-api-key",
            "ARTIFACTORY_API_KEY",
            format!("AKCp{}", r.text(ALNUM, 69)),
        ),
        (
            "nuget-api-key",
            "NUGET_API_KEY",
            format!("oy2{}", r.text(LOWER, 43)),
        ),
        (
            "openai-api-key",
            "OPENAI_API_KEY",
            format!("sk-proj-{}T3BlbkFJ{}", r.text(ALNUM, 74), r.text(ALNUM, 74)),
        ),
        (
            "anthropic-api-key",
            "ANTHROPIC_API_KEY",
            format!("sk-ant-api03-{}AA", r.text(ALNUM, 93)),
        ),
        (
            "huggingface-token",
            "HF_TOKEN",
            format!(
                "hf_{}",
                r.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 34)
            ),
        ),
        (
            "groq-api-key",
            "GROQ_API_KEY",
            format!("gsk_{}", r.text(ALNUM, 52)),
        ),
        (
            "stripe-live-key",
            "STRIPE_SECRET_KEY",
            format!("sk_live_{}", r.text(ALNUM, 24)),
        ),
        (
            "stripe-webhook-secret",
            "STRIPE_WEBHOOK_SECRET",
            format!("whsec_{}", r.text(ALNUM, 32)),
        ),
        (
            "square-oauth-secret",
            "SQUARE_SECRET",
            format!("sq0csp-{}", r.text(ALNUM, 43)),
        ),
        (
            "shopify-access-token",
            "SHOPIFY_TOKEN",
            format!("shpat_{}", r.text(HEX, 32)),
        ),
        (
            "slack-bot-token",
            "SLACK_BOT_TOKEN",
            format!("xoxb-{}-{}-{}", slack_id(r), slack_id(r), r.text(ALNUM, 24)),
        ),
        (
            "slack-user-token",
            "SLACK_USER_TOKEN",
            format!(
                "xoxp-{}-{}-{}-{}",
                slack_id(r),
                slack_id(r),
                slack_id(r),
                r.text(HEX, 32)
            ),
        ),
        (
            "slack-webhook",
            "SLACK_WEBHOOK_URL",
            format!(
                "https://hooks.slack.com/services/T{}/B{}/{}",
                r.text(UPPER, 10),
                r.text(UPPER, 10),
                r.text(ALNUM, 24)
            ),
        ),
        ("discord-bot-token", "DISCORD_TOKEN", discord),
        (
            "discord-webhook",
            "DISCORD_WEBHOOK",
            format!(
                "https://discord.com/api/webhooks/{}/{}",
                r.text("123456789", 18),
                r.text(ALNUM, 68)
            ),
        ),
        ("telegram-bot-token", "TELEGRAM_BOT_TOKEN", telegram),
        (
            "twilio-api-key",
            "TWILIO_API_KEY",
            format!("SK{}", r.text(HEX, 32)),
        ),
        (
            "sendgrid-api-key",
            "SENDGRID_API_KEY",
            format!("SG.{}.{}", r.text(ALNUM, 22), r.text(ALNUM, 43)),
        ),
        (
            "mailgun-api-key",
            "MAILGUN_API_KEY",
            format!("key-{}", r.text(HEX, 32)),
        ),
        (
            "mailchimp-api-key",
            "MAILCHIMP_API_KEY",
            format!("{}-us14", r.text(HEX, 32)),
        ),
        (
            "brevo-api-key",
            "BREVO_API_KEY",
            format!("xkeysib-{}-{}", r.text(HEX, 64), r.text(ALNUM, 16)),
        ),
        (
            "vault-service-token",
            "VAULT_TOKEN",
            format!("hvs.{}", r.text(ALNUM, 95)),
        ),
        (
            "terraform-cloud-token",
            "TFE_TOKEN",
            format!("{}.atlasv1.{}", r.text(ALNUM, 14), r.text(ALNUM, 67)),
        ),
        (
            "pulumi-token",
            "PULUMI_ACCESS_TOKEN",
            format!("pul-{}", r.text(HEX, 40)),
        ),
        (
            "databricks-token",
            "DATABRICKS_TOKEN",
            format!("dapi{}", r.text(HEX, 32)),
        ),
        (
            "grafana-service-account-token",
            "GRAFANA_TOKEN",
            format!("glsa_{}_{}", r.text(ALNUM, 32), r.text(HEX, 8)),
        ),
        ("datadog-api-key", "DATADOG_API_KEY", r.text(HEX, 32)),
        (
            "newrelic-user-key",
            "NEW_RELIC_API_KEY",
            format!("NRAK-{}", r.text(UPPER, 27)),
        ),
        (
            "dynatrace-token",
            "DYNATRACE_TOKEN",
            format!("dt0c01.{}.{}", r.text(BASE32, 24), r.text(BASE32, 64)),
        ),
        (
            "doppler-token",
            "DOPPLER_TOKEN",
            format!("dp.pt.{}", r.text(ALNUM, 43)),
        ),
        (
            "tailscale-key",
            "TS_AUTHKEY",
            format!("tskey-auth-{}-{}", r.text(ALNUM, 12), r.text(ALNUM, 32)),
        ),
        (
            "linear-api-key",
            "LINEAR_API_KEY",
            format!("lin_api_{}", r.text(ALNUM, 40)),
        ),
        (
            "notion-token",
            "NOTION_TOKEN",
            format!("ntn_{}{}", r.text("123456789", 11), r.text(ALNUM, 35)),
        ),
        (
            "atlassian-api-token",
            "JIRA_API_TOKEN",
            format!(
                "ATATT3xFfGF0{}={}",
                r.text(ALNUM, 171),
                r.text("0123456789ABCDEF", 8)
            ),
        ),
        (
            "postman-api-key",
            "POSTMAN_API_KEY",
            format!("PMAK-{}-{}", r.text(HEX, 24), r.text(HEX, 34)),
        ),
        ("private-key-age", "SOPS_AGE_KEY", age_key(r)),
        ("jwt", "SERVICE_JWT", jwt(r)),
    ]
}
