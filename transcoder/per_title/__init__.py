"""The ladder of one title: sampled, measured by VMAF, chosen; laid over the plan while the encode goes on."""
