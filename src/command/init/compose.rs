//! The compose file: dockgate as it should run, and what the client needs to reach it.

use super::plan::{Listen, Plan};

/// The file.
pub(super) fn written(plan: &Plan) -> String {
    let (client, gate) = (&plan.client, plan.listen.of_gate());
    let network = match plan.listen {
        Listen::Unix(_) => "    network_mode: none\n",
        Listen::Tcp(_) => "    networks: [docker-api]\n",
    };
    let last = match plan.listen {
        Listen::Unix(_) => "volumes:\n  gate:\n",
        Listen::Tcp(_) => {
            "networks:\n  # Nobody but who must talk to Docker. It leads nowhere else.\n  docker-api:\n    internal: true\n\nvolumes:\n  gate:\n"
        }
    };
    format!(
        "\
# dockgate for {client}. The image is built in dockgate's own directory: docker build --tag dockgate .
#
#     echo \"DOCKER_GID=$(stat -c %g /var/run/docker.sock)\" >>.env    # once
#     docker compose up --detach
#
# A changed policy comes into force by itself; who asked for what stands in `docker compose logs dockgate`.
services:
  dockgate:
    image: dockgate
    restart: unless-stopped
    # The group of docker.sock, and nothing else of root's.
    group_add: [\"${{DOCKER_GID:?write the group of the socket down once: echo DOCKER_GID=$$(stat -c %g /var/run/docker.sock) >>.env}}\"]
    read_only: true
    cap_drop: [ALL]
    security_opt: [\"no-new-privileges:true\"]
{network}    environment:
      DOCKGATE_POLICY: /etc/dockgate/policy.toml
      DOCKGATE_LISTEN: {client}={gate}
      # Nobody but dockgate's own user gets in there: `docker compose exec dockgate /dockgate doctor`.
      DOCKGATE_ADMIN: unix:///run/dockgate/admin.sock
    volumes:
      - ${{DOCKER_SOCKET:-/var/run/docker.sock}}:/var/run/docker.sock
      # The directory, not the file: a mounted file stays the old one when an editor puts another in its place.
      - .:/etc/dockgate:ro
      - gate:/run/dockgate

{}
{last}",
        needs(plan)
    )
}

/// What the client's own service needs, as a comment: what else it is, dockgate does not know.
fn needs(plan: &Plan) -> String {
    let client = &plan.client;
    let mut lines = vec![
        format!("What {client} needs, beside what it is:"),
        String::new(),
        format!("  {client}:"),
        "    depends_on: { dockgate: { condition: service_healthy } }".to_owned(),
        format!("    environment: {{ DOCKER_HOST: \"{}\" }}", plan.listen.of_client()),
    ];
    lines.extend(match plan.listen {
        Listen::Unix(_) => vec![
            "    # The group of dockgate's socket.".to_owned(),
            "    group_add: [\"65532\"]".to_owned(),
            "    volumes: [\"gate:/run/dockgate\"]".to_owned(),
        ],
        Listen::Tcp(_) => vec!["    networks: [docker-api]".to_owned()],
    });
    let comment = lines.iter().map(|line| format!("  # {line}").trim_end().to_owned() + "\n");
    comment.collect()
}
