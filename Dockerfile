# A static binary on nothing: no shell, no libraries, no users but the one it runs as.
# With GNU's C library: musl's allocator makes a create take more than twice as long (docs/performance.md).
# By the compiler that the profile is for (profile/compiler).
FROM rust:1.95.0-slim AS build
WORKDIR /src
COPY .cargo .cargo
COPY profile profile
COPY Cargo.toml Cargo.lock build.rs ./
COPY benches benches
COPY policy policy
COPY src src
# The target is named, or the flags would hold for build scripts too. Relocations take next to nothing where they are
# packed, which every static program can be; others would need a C library of 2022 or later.
RUN host="$(rustc -vV | sed -n 's/^host: //p')" \
 && RUSTFLAGS="-C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs" cargo build --release --locked --target "$host" \
 && install -D "target/$host/release/dockgate" /image/dockgate \
 && mkdir -p /image/run/dockgate

FROM scratch
COPY --from=build /image/dockgate /dockgate
# A volume mounted here takes over the owner, so that dockgate can make its socket in it.
COPY --from=build --chown=65532:65532 /image/run/dockgate /run/dockgate
USER 65532:65532
ENV DOCKGATE_LISTEN=unix:///run/dockgate/docker.sock
# It sees the settings that stand in the environment, or in a settings file named there, not flags.
HEALTHCHECK --interval=10s --timeout=10s --start-period=5s CMD ["/dockgate", "health"]
ENTRYPOINT ["/dockgate"]
